-- h2o.sql - db-benchmark's queries for the peers that speak SQL, each behind a line "-- NAME".
-- q1
select id1, sum(v1) as v1 from x group by id1;
-- q2
select id1, id2, sum(v1) as v1 from x group by id1, id2;
-- q3
select id3, sum(v1) as v1, avg(v3) as v3 from x group by id3;
-- q4
select id4, avg(v1) as v1, avg(v2) as v2, avg(v3) as v3 from x group by id4;
-- q5
select id6, sum(v1) as v1, sum(v2) as v2, sum(v3) as v3 from x group by id6;
-- q6
select id4, id5, median(v3) as median_v3, stddev(v3) as sd_v3 from x group by id4, id5;
-- q7
select id3, max(v1) - min(v2) as range_v1_v2 from x group by id3;
-- q8
select id6, v3 from (
  select id6, v3, row_number() over (partition by id6 order by v3 desc) as place
  from x where v3 is not null) as ranked
where place <= 2;
-- q9
select id2, id4, pow(corr(v1, v2), 2) as r2 from x group by id2, id4;
-- q10
select id1, id2, id3, id4, id5, id6, sum(v3) as v3, count(*) as count from x
group by id1, id2, id3, id4, id5, id6;
-- j1
select x.id1, x.id2, x.id3, x.id4, x.id5, x.id6, v1, small.id4 as id4_right, v2
from x join small using (id1);
-- j2
select x.id1, x.id2, x.id3, x.id4, x.id5, x.id6, v1, medium.id1 as id1_right,
  medium.id4 as id4_right, medium.id5 as id5_right, v2
from x join medium using (id2);
-- j3
select x.id1, x.id2, x.id3, x.id4, x.id5, x.id6, v1, medium.id1 as id1_right,
  medium.id4 as id4_right, medium.id5 as id5_right, v2
from x left join medium using (id2);
-- j4
select x.id1, x.id2, x.id3, x.id4, x.id5, x.id6, v1, medium.id1 as id1_right,
  medium.id2 as id2_right, medium.id4 as id4_right, v2
from x join medium using (id5);
-- j5
select x.id1, x.id2, x.id3, x.id4, x.id5, x.id6, v1, big.id1 as id1_right,
  big.id2 as id2_right, big.id4 as id4_right, big.id5 as id5_right, big.id6 as id6_right, v2
from x join big using (id3);
-- s1
select v3, id6 from x order by v3;
-- f1
select sum(v3) as v3 from x where v3 > 50;
-- t1
select v3, id6 from x order by v3 desc limit 100;
-- c1
select * from x;
-- c2
select id1, sum(v1) as v1 from x group by id1;
-- c3
select count(*) as v1 from x;
-- c4
select * from x where id4 = 42;

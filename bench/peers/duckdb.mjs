// duckdb.mjs - TPC-H in DuckDB: the answers that dfq's are compared with.
//
//   node bench/peers/duckdb.mjs answers DATA OUT     writes OUT/q01.csv ... q22.csv
//
// Money is decimal(15, 2) there, as the specification has it, so sums are exact; averages and
// ratios are doubles. @duckdb/node-api is looked for where NODE_PATH says, or in build/peers.
import { createRequire } from 'node:module'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.join(here, '..', '..')
const require = createRequire(path.join(process.env.DFQ_PEERS || path.join(root, 'build/peers'), 'x.js'))
export const { DuckDBInstance } = require('@duckdb/node-api')

const money = 'decimal(15,2)'
const tables = {
  region: 'r_regionkey integer, r_name varchar, r_comment varchar',
  nation: 'n_nationkey integer, n_name varchar, n_regionkey integer, n_comment varchar',
  supplier: `s_suppkey bigint, s_name varchar, s_address varchar, s_nationkey integer,
    s_phone varchar, s_acctbal ${money}, s_comment varchar`,
  customer: `c_custkey bigint, c_name varchar, c_address varchar, c_nationkey integer,
    c_phone varchar, c_acctbal ${money}, c_mktsegment varchar, c_comment varchar`,
  part: `p_partkey bigint, p_name varchar, p_mfgr varchar, p_brand varchar, p_type varchar,
    p_size integer, p_container varchar, p_retailprice ${money}, p_comment varchar`,
  partsupp: `ps_partkey bigint, ps_suppkey bigint, ps_availqty bigint, ps_supplycost ${money},
    ps_comment varchar`,
  orders: `o_orderkey bigint, o_custkey bigint, o_orderstatus varchar, o_totalprice ${money},
    o_orderdate date, o_orderpriority varchar, o_clerk varchar, o_shippriority integer,
    o_comment varchar`,
  lineitem: `l_orderkey bigint, l_partkey bigint, l_suppkey bigint, l_linenumber bigint,
    l_quantity ${money}, l_extendedprice ${money}, l_discount ${money}, l_tax ${money},
    l_returnflag varchar, l_linestatus varchar, l_shipdate date, l_commitdate date,
    l_receiptdate date, l_shipinstruct varchar, l_shipmode varchar, l_comment varchar`
}

// The tables of a directory of .tbl files. Each line ends with a bar, so a column too many.
export async function load (db, data) {
  for (const [name, columns] of Object.entries(tables)) {
    const types = columns.split(/,\s*(?=[a-z])/).map(c => c.trim().split(' '))
    const list = [...types, ['ends', 'varchar']].map(([n, t]) => `'${n}': '${t}'`).join(', ')
    await db.run(`create table ${name} (${columns})`)
    await db.run(`insert into ${name} select * exclude (ends) from read_csv(
      '${path.join(data, name)}.tbl', delim='|', header=false, quote='', escape='',
      columns={${list}})`)
  }
}

// The text of query n, 1 to 22.
export function query (n) {
  const text = fs.readFileSync(path.join(here, 'tpch.sql'), 'utf8')
  const parts = text.split(/^-- (\d+)$/m)
  return parts[parts.indexOf(String(n)) + 1].trim().replace(/;$/, '')
}

async function answers (data, out) {
  const db = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  await load(db, data)
  for (let n = 1; n <= 22; n++) {
    const file = path.join(out, `q${String(n).padStart(2, '0')}.csv`)
    await db.run(`copy (${query(n)}) to '${file}' (header, delimiter ',')`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [what, data, out] = process.argv.slice(2)
  if (what !== 'answers' || !out) {
    console.error('usage: node bench/peers/duckdb.mjs answers DATA OUT')
    process.exit(2)
  }
  await answers(data, out)
}

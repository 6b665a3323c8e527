// polars.mjs - Polars: the same work as build/bench/h2o, the same lines out.
//
//   node bench/peers/polars.mjs groupby FILE | join X SMALL MEDIUM BIG | work FILE | csv FILE
//   flags: --runs N (3)  --query N; the threads are those of POLARS_MAX_THREADS, which must be
//          set before the library is loaded: --threads N is passed over
//
// But for csv everything is loaded first. Queries are lazy plans, collected: a result is always
// stored. The npm package nodejs-polars is looked for as duckdb.mjs looks for DuckDB; the Polars
// inside is older than the newest one.
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { readFlags } from './duckdb.mjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
const require = createRequire(path.join(process.env.DFQ_PEERS || path.join(root, 'build/peers'), 'x.js'))
const module_ = require('nodejs-polars')
const pl = module_.default || module_
const { col } = pl

const by = (x, ...keys) => ({ agg: (...what) => x.groupBy(keys).agg(...what) })
const joined = (other, on, how) => t => t.x.join(t[other], { on, how: how || 'inner', suffix: '_right' })

const queries = {
  groupby: {
    q1: t => by(t.x, 'id1').agg(col('v1').sum()),
    q2: t => by(t.x, 'id1', 'id2').agg(col('v1').sum()),
    q3: t => by(t.x, 'id3').agg(col('v1').sum(), col('v3').mean()),
    q4: t => by(t.x, 'id4').agg(col('v1').mean(), col('v2').mean(), col('v3').mean()),
    q5: t => by(t.x, 'id6').agg(col('v1').sum(), col('v2').sum(), col('v3').sum()),
    q6: t => by(t.x, 'id4', 'id5').agg(col('v3').median().alias('v3'), col('v3').std().alias('sd')),
    q7: t => by(t.x, 'id3').agg(col('v1').max().minus(col('v2').min()).alias('range_v1_v2')),
    q8: t => by(t.x.filter(col('v3').isNotNull()), 'id6')
      .agg(col('v3').sort({ descending: true }).head(2)).explode('v3'),
    q9: t => by(t.x, 'id2', 'id4').agg(pl.pearsonCorr('v1', 'v2').pow(2).alias('r2')),
    q10: t => by(t.x, 'id1', 'id2', 'id3', 'id4', 'id5', 'id6')
      .agg(col('v3').sum(), col('v1').count().alias('count'))
  },
  join: {
    j1: joined('small', 'id1'), j2: joined('medium', 'id2'), j3: joined('medium', 'id2', 'left'),
    j4: joined('medium', 'id5'), j5: joined('big', 'id3')
  },
  work: {
    s1: t => t.x.select('v3', 'id6').sort('v3'),
    f1: t => t.x.filter(col('v3').gt(50)).select(col('v3').sum()),
    t1: t => t.x.select('v3', 'id6').sort('v3', true).head(100)
  },
  csv: {
    c1: t => t.x,
    c2: t => by(t.x, 'id1').agg(col('v1').sum()),
    c3: t => t.x.select(col('v1').count()),
    c4: t => t.x.filter(col('id4').eq(42))
  }
}
const keys = { q1: 1, q2: 2, q3: 1, q4: 1, q5: 1, q6: 2, q7: 1, q8: 1, q9: 2, q10: 6, c2: 1 }

function checksum (name, answer) {
  const columns = answer.columns
  const counted = keys[name] ? columns.slice(keys[name]) : columns.filter(c => /^v[123]$/.test(c))
  const sums = counted.map(c => Number(Number(answer.getColumn(c).sum()).toPrecision(10)))
  return `rows=${answer.height} chk=${sums.join(';')}`
}

const { words: [what, ...files], flags } = readFlags(process.argv.slice(2))
const names = ['x', 'small', 'medium', 'big']
if (!queries[what] || files.length !== (what === 'join' ? 4 : 1)) {
  console.error('usage: polars.mjs groupby FILE | join X SMALL MEDIUM BIG | work FILE | csv FILE')
  process.exit(2)
}
for (let n = 0; n < Object.keys(queries[what]).length; n++) {
  const name = Object.keys(queries[what])[n]
  if (flags.query && flags.query !== n + 1) continue
  globalThis.tables ??= Object.fromEntries(files.map((file, i) => {
    const scan = pl.scanCSV(file)
    return [names[i], what === 'csv' ? scan : scan.collectSync().lazy()]
  }))
  let least = Infinity, line
  try {
    for (let run = 0; run < flags.runs; run++) {
      const start = process.hrtime.bigint()
      const answer = queries[what][name](globalThis.tables).collectSync()
      least = Math.min(least, Number(process.hrtime.bigint() - start) / 1e6)
      line ??= checksum(name, answer)
    }
    console.log(`${name} ${least.toFixed(1)} ms ${line}`)
  } catch (e) {
    console.error(`${name}: ${e.message}`)
  }
}

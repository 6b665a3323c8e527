// duckdb.mjs - DuckDB: the same work as build/bench/h2o and build/bench/tpch, the same lines out.
//
//   node bench/peers/duckdb.mjs answers DATA OUT        writes OUT/q01.csv ... q22.csv
//   node bench/peers/duckdb.mjs tpch DATA [flags]       Q1 34.5
//   node bench/peers/duckdb.mjs groupby FILE [flags]    q1 12.3 ms rows=100 chk=...
//   node bench/peers/duckdb.mjs join X SMALL MEDIUM BIG [flags]
//   node bench/peers/duckdb.mjs work FILE | csv FILE [flags]
//   node bench/peers/duckdb.mjs ask < QUERIES            tools/compare_duckdb.py; both are JSON
//   flags: --threads N (1)  --runs N (3)  --query N  --nocopy
//
// But for csv everything is loaded first. A result is stored as a table; with --nocopy it is only walked
// through, by an aggregate over each of its columns. Money is decimal(15, 2), as TPC-H has it, so
// sums are exact; averages and ratios are doubles. @duckdb/node-api is looked for where
// DFQ_PEERS says, or in build/peers.
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

// The text behind the line "-- NAME" of a file beside this one.
export function query (file, name) {
  const parts = fs.readFileSync(path.join(here, file), 'utf8').split(/^-- (\w+)$/m)
  return parts[parts.indexOf(String(name)) + 1].trim().replace(/;$/, '')
}

// A list of queries becomes a list of their results: rows of texts, or the message of an error.
async function ask () {
  const db = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  const results = []
  for (const sql of JSON.parse(fs.readFileSync(0, 'utf8'))) {
    try {
      results.push((await db.runAndReadAll(sql)).getRows())
    } catch (e) {
      results.push(e.message.split('\n')[0])
    }
  }
  fs.writeSync(1, JSON.stringify(
    { version: (await (await db.runAndReadAll('select version()')).getRows())[0][0], results },
    (_, v) => typeof v === 'bigint' ? String(v) : v))
}

async function answers (data, out) {
  const db = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  await load(db, data)
  for (let n = 1; n <= 22; n++) {
    const file = path.join(out, `q${String(n).padStart(2, '0')}.csv`)
    await db.run(`copy (${query('tpch.sql', n)}) to '${file}' (header, delimiter ',')`)
  }
}

// ---- timing ----------------------------------------------------------------------------------

async function columnsOf (db, sql) {
  const rows = await (await db.runAndReadAll(`describe ${sql}`)).getRows()
  return rows.map(r => ({ name: r[0], type: r[1] }))
}

const isText = c => c.type === 'VARCHAR' || c.type === 'DATE'

// An aggregate over each column: all are computed, none is stored.
function walked (sql, columns) {
  const each = columns.map(c => `${isText(c) ? 'max' : 'sum'}("${c.name}")`)
  return `select count(*), ${each.join(', ')} from (${sql})`
}

async function best (db, sql, flags) {
  const text = flags.nocopy ? walked(sql, await columnsOf(db, sql))
    : `create temp table answer as ${sql}`
  let least = Infinity
  for (let run = 0; run < flags.runs; run++) {
    if (!flags.nocopy) await db.run('drop table if exists answer')
    const start = process.hrtime.bigint()
    await db.run(text)
    least = Math.min(least, Number(process.hrtime.bigint() - start) / 1e6)
  }
  return least
}

// Rows, and the sums of the columns that count: as h2o.c prints them.
async function checksum (db, sql, keys) {
  const columns = await columnsOf(db, sql)
  const counted = keys ? columns.slice(keys) : columns.filter(c => /^v[123]$/.test(c.name))
  const each = counted.map(c => `sum("${c.name}")::double`)
  const [rows, ...sums] = (await (await db.runAndReadAll(
    `select count(*), ${each.join(', ')} from (${sql})`)).getRows())[0]
  return `rows=${rows} chk=${sums.map(x => Number(x.toPrecision(10))).join(';')}`
}

const keys = { q1: 1, q2: 2, q3: 1, q4: 1, q5: 1, q6: 2, q7: 1, q8: 1, q9: 2, q10: 6, c2: 1 }

export const works = {
  groupby: ['q1', 'q2', 'q3', 'q4', 'q5', 'q6', 'q7', 'q8', 'q9', 'q10'],
  join: ['j1', 'j2', 'j3', 'j4', 'j5'], work: ['s1', 'f1', 't1'], csv: ['c1', 'c2', 'c3', 'c4']
}

async function main (what, words, flags) {
  const db = await (await DuckDBInstance.create(':memory:',
    { threads: String(flags.threads) })).connect()
  if (what === 'tpch') {
    await load(db, words[0])
    for (let n = 1; n <= 22; n++) {
      if (flags.query && flags.query !== n) continue
      console.log(`Q${n} ${(await best(db, query('tpch.sql', n), flags)).toFixed(1)}`)
    }
    return
  }
  const names = ['x', 'small', 'medium', 'big']
  const made = what === 'csv' ? 'view' : 'table'
  for (const [i, file] of words.entries())
    await db.run(`create ${made} ${names[i]} as select * from read_csv('${file}', header=true)`)
  for (const [i, name] of works[what].entries()) {
    if (flags.query && flags.query !== i + 1) continue
    const sql = query('h2o.sql', name)
    const ms = (await best(db, sql, flags)).toFixed(1)
    console.log(`${name} ${ms} ms ${await checksum(db, sql, keys[name])}`)
  }
}

// The words of the command line, and its flags, as suite.h reads them.
export function readFlags (argv) {
  const flags = { threads: 1, runs: 3, query: 0, nocopy: false }
  const words = []
  for (let i = 0; i < argv.length; i++) {
    const flag = argv[i].replace(/^--/, '')
    if (flag === 'nocopy') flags.nocopy = true
    else if (argv[i].startsWith('--')) flags[flag] = Number(argv[++i])
    else words.push(argv[i])
  }
  return { words, flags }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { words: [what, ...words], flags } = readFlags(process.argv.slice(2))
  const wants = { ask: 0, answers: 2, tpch: 1, groupby: 1, join: 4, work: 1, csv: 1 }[what]
  if (wants === undefined || words.length !== wants) {
    console.error('usage: duckdb.mjs ask | answers DATA OUT | tpch DATA | groupby FILE | ' +
      'join X SMALL MEDIUM BIG | work FILE | csv FILE [--threads N] [--runs N] [--query N] [--nocopy]')
    process.exit(2)
  }
  if (what === 'ask') await ask()
  else if (what === 'answers') await answers(...words)
  else await main(what, words, flags)
  process.exit(0)   // the native threads would keep it waiting
}

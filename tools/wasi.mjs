// wasi.mjs - runs a WebAssembly program with the system's files: node tools/wasi.mjs PROGRAM
import { readFile } from 'node:fs/promises'
import { WASI } from 'node:wasi'

// A program there begins in /, and finds by $PWD where it was called.
const args = process.argv.slice(2), env = { ...process.env, PWD: process.cwd() }
const wasi = new WASI({ version: 'preview1', args, env, preopens: { '/': '/' } })
const code = await WebAssembly.compile(await readFile(process.argv[2]))
const program = await WebAssembly.instantiate(code, wasi.getImportObject())
process.exitCode = wasi.start(program)

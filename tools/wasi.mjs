// wasi.mjs - runs a WebAssembly program with the system's files: node tools/wasi.mjs PROGRAM
import { readFile } from 'node:fs/promises'
import { WASI } from 'node:wasi'

const wasi = new WASI({ version: 'preview1', args: process.argv.slice(2), preopens: { '/': '/' } })
const code = await WebAssembly.compile(await readFile(process.argv[2]))
const program = await WebAssembly.instantiate(code, wasi.getImportObject())
process.exitCode = wasi.start(program)

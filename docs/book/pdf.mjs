// Prints site/whole.html to dfq.pdf through chromium, by a server of its own on this machine.
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { spawn, spawnSync } from 'node:child_process'

const browser = ['chromium', 'chromium-browser', 'google-chrome']
  .find(name => !spawnSync(name, ['--version']).error)
if (!browser) {
  console.error('the PDF needs chromium: apt-get install chromium')
  process.exit(1)
}
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }
const server = http.createServer((request, answer) => {
  const name = path.join('site', path.normalize(decodeURI(request.url.split('?')[0])))
  if (!fs.existsSync(name) || fs.statSync(name).isDirectory()) {
    answer.writeHead(404).end()
    return
  }
  const type = types[path.extname(name)] ?? 'application/octet-stream'
  answer.writeHead(200, { 'Content-Type': type })
  fs.createReadStream(name).pipe(answer)
}).listen(0, '127.0.0.1', () => {
  // Without a sandbox only because containers run this as root; it opens nothing but our pages.
  const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const page = `http://127.0.0.1:${server.address().port}/whole.html`
  const child = spawn(browser, [...flags, '--headless', '--disable-gpu', '--no-pdf-header-footer',
    '--virtual-time-budget=20000', '--print-to-pdf=dfq.pdf', page], { stdio: 'ignore' })
  child.on('exit', code => {
    server.close()
    if (code === 0) console.log('build/book/dfq.pdf')
    process.exit(code ?? 1)
  })
})

import fs from 'node:fs'
import path from 'node:path'
import { defineConfig } from 'vitepress'

const root = path.resolve(process.env.DFQ_ROOT ?? '../..')
const order = JSON.parse(fs.readFileSync('pages/order.json', 'utf8'))
// BOOK_SOURCE=https://.../blob/main/ lets the captions lead to a repository's pages instead.
const source = process.env.BOOK_SOURCE

const files = {}
function lines(name) {
  files[name] ??= fs.readFileSync(path.join(root, name), 'utf8').split('\n')
  return files[name]
}

// The line where the block stands: of the quoted text, comment or not. 0: nowhere.
function lineOf(name, block) {
  const text = lines(name), want = block.replace(/\n$/, '').split('\n')
  for (let i = 0; i + want.length <= text.length; i++)
    if (want.every((line, k) => line === text[i + k])) return i + 1
  return 0
}

function caption(info, block) {
  const quoted = /^c(?:pp)? ([\w./-]+)(?::(\w+))?/.exec(info)
  if (!quoted || !fs.existsSync(path.join(root, quoted[1]))) return ''
  const [, name, symbol] = quoted, line = lineOf(name, block)
  const where = line ? `${name}:${line}` : name
  return `<p class="quoted"><a href="${linkTo(name, line)}" target="_blank">${where}</a>` +
         (symbol ? ` <code>${symbol}</code>` : '') + '</p>'
}

// Where the section of a tag begins, `>>rows` for example. Undefined: there is none.
function placeOf(tag) {
  const line = lines('dfq.h').findIndex(l => l.startsWith(`// ---- ${tag}:`)) + 1
  return line ? linkTo('dfq.h', line) : undefined
}

function linkTo(name, line) {
  return source ? `${source}${name}#L${line}` : `${base}source/${name}.html#L${line}`
}

// Marks the lines of a run block that somebody types, with those that continue them.
function commands(html) {
  let typed = false
  return html.split('\n').map(line => {
    const text = line.slice(line.indexOf('<span class="line">')).replace(/<[^>]*>/g, '')
    const on = typed || text.startsWith('$ ')
    typed = on && text.endsWith('\\')
    return on ? line.replace('<span class="line">', '<span class="line command">') : line
  }).join('\n')
}

const base = process.env.BOOK_BASE ?? '/'
export default defineConfig({
  title: 'The book of dfq',
  description: 'How a query engine works, by one C header',
  lang: 'en',
  base,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  srcDir: 'pages',
  outDir: 'site',
  cleanUrls: false,
  ignoreDeadLinks: [/^\/source\//],
  markdown: {
    html: false,
    config(md) {
      const fence = md.renderer.rules.fence
      md.renderer.rules.fence = (tokens, i, ...rest) => {
        const info = tokens[i].info.trim(), above = caption(info, tokens[i].content)
        const run = info === 'console'
        tokens[i].info = run ? 'text' : info.split(' ')[0] || 'text'
        const html = fence(tokens, i, ...rest), short = tokens[i].content.split('\n').length <= 30
        return above + (short ? '<div class="short">' : '<div>') + (run ? commands(html) : html) + '</div>'
      }
      const code = md.renderer.rules.code_inline
      md.renderer.rules.code_inline = (tokens, i, ...rest) => {
        const tag = /^>>[\w-]+$/.test(tokens[i].content), to = tag && placeOf(tokens[i].content)
        const html = code(tokens, i, ...rest)
        return to ? `<a href="${to}" target="_blank">${html}</a>` : html
      }
      // Indented blocks, the diagrams, look like the others.
      md.renderer.rules.code_block = (tokens, i, ...rest) => {
        tokens[i].info = 'text'
        return md.renderer.rules.fence(tokens, i, ...rest)
      }
    }
  },
  themeConfig: {
    search: { provider: 'local' },
    sidebar: order.map(p => ({ text: p.text, link: p.name === 'README' ? '/' : `/${p.name}` })),
    outline: [2, 3],
    docFooter: { prev: 'Before', next: 'Next' }
  }
})

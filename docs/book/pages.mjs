// Makes pages/ of the chapters: the generator reads these, never the originals.
//
//   pages/NAME.md         a chapter, its links out of the book turned to source/
//   pages/whole.md        all of them in the book's order, for the PDF
//   pages/public/source/  the files that the pages quote or link to, with an anchor on each line
//
// The order is that of the table in docs/chapters/README.md; what it does not list comes last.
import fs from 'node:fs'
import path from 'node:path'

const root = path.resolve(process.env.DFQ_ROOT ?? '../..')
const chapters = path.join(root, 'docs/chapters')
const read = name => fs.readFileSync(path.join(root, name), 'utf8')
const escaped = text => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

const contents = fs.readFileSync(path.join(chapters, 'README.md'), 'utf8')
const listed = [...contents.matchAll(/^\| \[([^\]]+)\]\(([\w-]+)\.md\)/gm)]
  .map(m => ({ text: m[1], name: m[2] }))
const all = fs.readdirSync(chapters).filter(f => f.endsWith('.md')).map(f => f.slice(0, -3))
for (const name of all)
  if (name !== 'README' && !listed.some(p => p.name === name)) listed.push({ text: name, name })

// What the pages refer to, by its path in the project.
const sources = new Set()

// Links out of docs/chapters, outside of fences, lead to source/. Marks around figures go.
function relinked(text) {
  let fenced = false
  text = text.replace(/<!-- price: [^;]*;[^;]*;[^;]*;[^;]*?-->([^<]*)<!-- end -->/g, '$1')
  return text.split('\n').map(line => {
    if (/^ *```/.test(line)) fenced = !fenced
    const quoted = /^ *```\w+ ([\w./-]+)/.exec(line)
    if (quoted && fs.existsSync(path.join(root, quoted[1]))) sources.add(quoted[1])
    if (fenced) return line
    return line.replace(/\]\((\.\.\/[^)#\s]+)[^)]*\)/g, (_, to) => {
      let name = path.relative(root, path.resolve(chapters, to))
      if (fs.statSync(path.join(root, name)).isDirectory()) name = path.join(name, 'README.md')
      if (!fs.existsSync(path.join(root, name))) name = path.dirname(name)
      else sources.add(name)
      return `](/source/${name}.html){target="_self"}`
    })
  }).filter(line => !/^<!--.*-->$/.test(line)).join('\n')
}

function write(name, text) {
  const to = path.join('pages', name)
  fs.mkdirSync(path.dirname(to), { recursive: true })
  fs.writeFileSync(to, text)
}

fs.rmSync('pages', { recursive: true, force: true })
const order = [{ text: 'Contents', name: 'README' }, ...listed]
let whole = '---\nsearch: false\nsidebar: false\naside: false\nprev: false\nnext: false\n---\n'
for (const page of order) {
  const text = relinked(fs.readFileSync(path.join(chapters, page.name + '.md'), 'utf8'))
  write(page.name === 'README' ? 'index.md' : page.name + '.md', text.replaceAll('](README.md', '](index.md'))
  whole += '\n' + text.replace(/^# .*$/m, title => `${title} {#page-${page.name}}`)
    .replace(/\]\(([\w-]+)\.md(#[\w-]+)?\)/g, (_, name, at) => `](${at ?? '#page-' + name})`) + '\n'
}
write('whole.md', whole)
write('order.json', JSON.stringify(order, null, 2))

for (const name of sources) {
  const depth = '../'.repeat(name.split('/').length - 1)
  const lines = read(name).split('\n').map((line, i) =>
    `<a id="L${i + 1}" href="#L${i + 1}">${String(i + 1).padStart(6)}</a> ${escaped(line)}`)
  write(`public/source/${name}.html`, `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${name}</title>
<link rel="stylesheet" href="${depth}source.css"><h1>${name}</h1>
<pre>${lines.join('\n')}</pre></html>\n`)
}
write('public/source/source.css', `:root { color-scheme: light dark }
body { margin: 1rem; font-family: sans-serif } h1 { font-size: 1.1rem }
pre { font: 13px/1.45 ui-monospace, monospace; overflow-x: auto }
a { color: #888; text-decoration: none; user-select: none }
a:target { background: #e9b949; color: #000 }\n`)
console.log(`${order.length} pages, ${sources.size} files of source`)

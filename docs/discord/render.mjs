// Draws golden payloads of bot/discord much as Discord does, to look at them before a release.
//
//   npm i @skyra/discord-components-core@4.0.2 esbuild@0.28.2
//   node render.mjs OUT bot/discord/testdata/card.golden.json ...
//
// Run it in the folder of node_modules. It needs Chromium; CHROMIUM names it.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(path.join(process.cwd(), "x.js"));
const chromium = process.env.CHROMIUM ?? "chromium";
const [out, ...files] = process.argv.slice(2);
fs.mkdirSync(out, { recursive: true });

const library = require("esbuild").buildSync({
  stdin: { contents: 'import "@skyra/discord-components-core"', resolveDir: process.cwd() },
  bundle: true, format: "iife", platform: "browser", minify: true, write: false, logLevel: "error",
}).outputFiles[0].text.replaceAll("</script", "<\\/script");
const avatar = "data:image/svg+xml," + encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36"><rect width="36" height="36" fill="#5865f2"/>' +
  '<text x="18" y="25" font-family="sans-serif" font-size="20" fill="#fff" text-anchor="middle">B</text></svg>');

const html = (s) => s.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

// words draws the part of Discord's Markdown that Bob writes within a line. Escaped characters
// and code are set aside, so that nothing is read into them.
function words(text) {
  const kept = [];
  const keep = (s) => `\u0001${kept.push(s) - 1}\u0002`;
  text = text.replace(/\\([^0-9A-Za-z\s])/g, (_, c) => keep(html(c)))
    .replace(/`([^`]+)`/g, (_, c) => keep(`<code>${html(c.replace(/\u0001(\d+)\u0002/g, (_, i) => "\\" + kept[i]))}</code>`))
    .replace(/<@(\d+)>/g, () => keep("<discord-mention>Ann</discord-mention>"))
    .replace(/\[([^\]]+)\]\(<([^>]+)>\)/g, (_, t, u) => keep(`<a href="${html(u)}">${html(t)}</a>`));
  return html(text).replace(/\*\*(.+?)\*\*/g, "<b>$1</b>").replace(/\*(.+?)\*/g, "<i>$1</i>").replace(/~~(.+?)~~/g, "<s>$1</s>")
    .replace(/\u0001(\d+)\u0002/g, (_, i) => kept[i]);
}

// markdown draws lines.
const markdown = (text) => text.split(/(```\n[\s\S]*?\n```)\n?/).map((part) => {
  if (part.startsWith("```")) return `<pre>${html(part.slice(4, -4))}</pre>`;
  return part.replace(/\n$/, "").split("\n").map((line) => {
    const m = /^(-# |#{1,3} |> |\s*- )(.*)/.exec(line);
    if (!m) return `<div class="line">${words(line) || "&nbsp;"}</div>`;
    const kind = m[1].trim();
    const name = kind === "-#" ? "small" : kind === ">" ? "quote" : kind === "-" ? "item" : "h" + kind.length;
    return `<div class="${name}">${words(m[2])}</div>`;
  }).join("");
}).join("");

const styles = { 1: "primary", 2: "secondary", 3: "success", 4: "destructive" };
const sheet = (p) => `<discord-messages><discord-message author="Bob" avatar="${avatar}" bot timestamp="11/24/2026 10:30"${p.allowed_mentions.users ? " highlight" : ""}>
  <div class="text">${markdown(p.content)}</div>
  ${p.embeds.map((e) => `<div class="embed" slot="embeds" style="border-color:#${(e.color ?? 0x4e5058).toString(16).padStart(6, "0")}">
    ${e.title ? `<div class="title">${words(e.title)}</div>` : ""}${markdown(e.description)}
    ${e.footer ? `<div class="footer">${html(e.footer.text)}</div>` : ""}</div>`).join("")}
  <discord-attachments slot="components">${p.components.map((row) => `<discord-action-row>${row.components.map((b) =>
    `<discord-button type="${styles[b.style]}">${html(b.label)}</discord-button>`).join("")}</discord-action-row>`).join("")}</discord-attachments>
</discord-message></discord-messages>`;

// The library's embeds know no Markdown of ours, so those are drawn here.
const look = `<!doctype html><meta charset="utf-8"><style>
  body{margin:0;width:720px;background:#313338;font-family:"gg sans","Noto Sans",sans-serif}
  discord-messages{border:0!important;min-height:0!important}discord-message{margin:0!important}a{color:#00a8fc}
  .text,.embed{white-space:normal;line-height:1.375rem}
  .embed{background:#2b2d31;border-left:4px solid;border-radius:4px;padding:8px 16px 12px 12px;margin-top:4px;max-width:516px;font-size:.875rem;line-height:1.25rem;color:#dbdee1}
  .title{font-weight:600;font-size:1rem;color:#fff;margin:4px 0}
  .small,.footer{font-size:.75rem;color:#949ba4}.footer{margin-top:8px}
  .quote{border-left:4px solid #4e5058;padding-left:8px;margin:2px 0}
  .item{padding-left:1.2em;text-indent:-.9em}.item:before{content:"• "}
  .h1{font-size:1.5rem}.h2{font-size:1.25rem}.h3{font-size:1rem}.h1,.h2,.h3{font-weight:700;margin:8px 0 4px;color:#f2f3f5}
  pre{background:#2b2d31;border:1px solid #1e1f22;border-radius:4px;padding:8px;margin:4px 0;font:13px/18px "DejaVu Sans Mono",monospace;white-space:pre}
  code{background:#2b2d31;border-radius:3px;padding:0 3px;font:.85em "DejaVu Sans Mono",monospace}</style>`;
const page = (body) => `${look}<body>${body}<script>${library}</script>`;
const run = (...args) => execFileSync(chromium, ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=5000", ...args],
  { stdio: ["ignore", "pipe", "ignore"], maxBuffer: 64 << 20 }).toString();

const sheets = files.map((file) => sheet(JSON.parse(fs.readFileSync(file, "utf8"))));

// How high each is, in one go.
const all = path.resolve(out, "all.html");
fs.writeFileSync(all, page(sheets.map((s) => `<div class="sheet" style="display:flow-root">${s}</div>`).join("")) +
  "<script>setTimeout(()=>{document.title=[...document.querySelectorAll('.sheet')].map(e=>e.offsetHeight)},2000)</script>");
const heights = /<title>([\d,]+)/.exec(run("--window-size=720,900", "--dump-dom", pathToFileURL(all).href))[1].split(",").map(Number);

files.forEach((file, i) => {
  const name = path.resolve(out, path.basename(file).replace(".golden.json", ""));
  fs.writeFileSync(name + ".html", page(sheets[i]));
  run(`--window-size=720,${heights[i] + 16}`, `--screenshot=${name}.png`, pathToFileURL(name + ".html").href);
});

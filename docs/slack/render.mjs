// Draws golden payloads of bot/slack much as Slack does, to look at them before a release.
//
//   npm i slack-blocks-to-jsx@1.1.1 react@19.3.1 react-dom@19.3.1 esbuild@0.28.2
//   node render.mjs OUT bot/slack/testdata/card_running.golden.json ...
//
// Run it in the folder of node_modules. It needs Chromium; CHROMIUM names it.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(path.join(process.cwd(), "x.js"));
const { createElement: h } = require("react");
const { renderToStaticMarkup } = require("react-dom/server");
const chromium = process.env.CHROMIUM ?? "chromium";
const [out, ...files] = process.argv.slice(2);

// The library is written for bundlers.
require("esbuild").buildSync({
  stdin: { contents: 'export { Message } from "slack-blocks-to-jsx"', resolveDir: process.cwd() },
  bundle: true, format: "cjs", platform: "node", external: ["react", "react-dom"], outfile: path.join(out, "library.cjs"),
});
const { Message } = require(path.resolve(out, "library.cjs"));
const style = fs.readFileSync("node_modules/slack-blocks-to-jsx/dist/style.css", "utf8");
const logo = "data:image/svg+xml," + encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36"><rect width="36" height="36" rx="6" fill="#1264a3"/>' +
  '<text x="18" y="25" font-family="sans-serif" font-size="20" fill="#fff" text-anchor="middle">B</text></svg>');

// What the library does not draw: inputs stand as text, and it reads nothing of texts whose
// plain words Slack leaves as they are.
const known = (b) => b.type === "input"
  ? { type: "section", text: { type: "plain_text", text: `${b.label.text}  [${b.element.type}${b.optional ? ", optional" : ""}]` } }
  : b.text?.verbatim ? { ...b, text: { ...b.text, verbatim: undefined } } : b;

const run = (...args) => execFileSync(chromium, ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", ...args],
  { stdio: ["ignore", "pipe", "ignore"], maxBuffer: 64 << 20 }).toString();
const look = `<!doctype html><meta charset="utf-8"><style>${style}
  body{margin:0;padding:16px;width:648px;font-family:Lato,"Noto Sans",sans-serif;background:#fff}</style>`;

const sheets = files.map((file) => {
  const payload = JSON.parse(fs.readFileSync(file, "utf8"));
  const title = payload.title ? `<h3 style="margin:0 0 12px;font-size:20px;font-weight:700">${payload.title.text}</h3>` : "";
  return title + renderToStaticMarkup(h(Message, {
    blocks: payload.blocks.map(known), name: "Bob", logo, time: new Date(2026, 10, 24, 10, 30),
    data: { users: [{ id: "U02DANA", name: "dana" }], channels: [], user_groups: [] },
  }));
});

// How high each is, in one go.
const all = path.resolve(out, "all.html");
fs.writeFileSync(all, look + sheets.map((s) => `<div class="sheet" style="display:flow-root">${s}</div>`).join("") +
  "<script>document.title=[...document.querySelectorAll('.sheet')].map(e=>e.offsetHeight)</script>");
const heights = /<title>([\d,]+)/.exec(run("--window-size=680,900", "--dump-dom", pathToFileURL(all).href))[1].split(",").map(Number);

files.forEach((file, i) => {
  const name = path.resolve(out, path.basename(file).replace(".golden.json", ""));
  fs.writeFileSync(name + ".html", look + sheets[i]);
  run(`--window-size=680,${heights[i] + 32}`, `--screenshot=${name}.png`, pathToFileURL(name + ".html").href);
});

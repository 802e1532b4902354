// Opens a page of `dcache report` in headless Chromium, and uses it as a person would.
//
//   node report_page.mjs PAGE [PICTURE]
import assert from "node:assert/strict";
import {pathToFileURL} from "node:url";
import puppeteer from "puppeteer-core";

const [page_file, picture] = process.argv.slice(2);
const browser = await puppeteer.launch({executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"]});
try {
  const page = await browser.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("request", (request) => /^(file|data):/.test(request.url()) || complaints.push("asked for " + request.url()));
  page.on("dialog", async (dialog) => {
    complaints.push("dialog: " + dialog.message());
    await dialog.dismiss();
  });
  await page.goto(pathToFileURL(page_file).href);

  const headings = await page.$$eval("h2", (nodes) => nodes.map((node) => node.textContent));
  assert.deepEqual(headings, ["Overview", "What to change", "What rebuilds, and how often", "Findings", "What depends on what", "A build that happened"]);
  const links = await page.$$eval("nav a", (nodes) => nodes.map((node) => document.querySelector(node.getAttribute("href")) !== null));
  assert.ok(links.length === headings.length && links.every(Boolean), "each link of the top leads to a section");

  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{name: "prefers-color-scheme", value: scheme}]);
    for (const width of [400, 900, 1600]) {
      await page.setViewport({width, height: 900});
      const [wide, visible] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      assert.ok(wide <= visible, `${width} pixels, ${scheme}: the page is ${wide} wide`);
    }
  }

  const all = await page.$$eval("#findings tbody tr", (rows) => rows.length);
  await page.select("#level", "warning");
  const warnings = await page.$$eval("#findings tbody tr", (rows) => rows.length);
  assert.ok(warnings > 0 && warnings < all, `${warnings} of ${all} findings are warnings`);
  await page.type("#search", "no finding says this");
  assert.equal(await page.$$eval("#findings tbody tr", (rows) => rows.length), 0);

  const first = await page.$eval("#history tbody", (body) => body.textContent);
  await page.focus("#history-image");
  await page.keyboard.press("End");
  const second = await page.$eval("#history tbody", (body) => body.textContent);
  assert.notEqual(first, second, "another image has other steps");
  await page.hover("#history svg rect.miss");
  assert.match(await page.$eval("#said", (node) => node.textContent), /^[0-9a-f]{10} .*: line \d+ rebuilt$/);

  await page.focus("#advice summary");
  await page.keyboard.press("Enter");
  assert.ok((await page.$$eval("#advice details[open] .added", (lines) => lines.length)) > 0, "the change is shown");
  const markup = await page.$$eval("main script, main img, main iframe, main [onclick]", (nodes) => nodes.length);
  assert.equal(markup, 0, "texts of the repository are not markup");
  assert.deepEqual(complaints, []);
  if (picture) {
    await page.emulateMediaFeatures([{name: "prefers-color-scheme", value: "light"}]);
    await page.setViewport({width: 1100, height: 900});
    await page.reload();
    await page.screenshot({path: picture});
  }
  console.log("report page: good");
} finally {
  await browser.close();
}

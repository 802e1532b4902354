"use strict";
// Draws the data of the page. Texts of the repository are set as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const main = document.getElementById("main");
  const sections = document.getElementById("sections");
  const SVG = "http://www.w3.org/2000/svg";

  // element("td", {class: "number"}, 3, element("b", {}, "x"))
  function element(name, attributes = {}, ...children) {
    return fill(document.createElement(name), attributes, children);
  }
  function drawn(name, attributes = {}, ...children) {
    return fill(document.createElementNS(SVG, name), attributes, children);
  }
  function fill(node, attributes, children) {
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children.filter((child) => child !== null).map((child) => (child instanceof Node ? child : String(child))));
    return node;
  }
  function section(id, title, ...children) {
    sections.append(element("li", {}, element("a", {href: "#" + id}, title)));
    const node = element("section", {id, "aria-labelledby": id + "-title"}, element("h2", {id: id + "-title"}, title), ...children);
    main.append(node);
    return node;
  }
  function counted(count, noun) {
    return count + " " + noun + (count === 1 ? "" : "s");
  }
  function time(seconds) {
    if (seconds < 60) return (seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)) + " s";
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return minutes + " min " + Math.round(seconds % 60) + " s";
    return Math.floor(minutes / 60) + " h " + (minutes % 60) + " min";
  }
  function shortened(text, most) {
    const letters = Array.from(text);
    return letters.length > most ? letters.slice(0, most).join("") + "…" : text;
  }
  function table(headings, rows) {
    const head = element("tr", {}, ...headings.map((text) => element("th", {scope: "col", class: text.startsWith("#") ? "number" : "text"}, text.replace(/^#/, ""))));
    const body = rows.map((cells) => element("tr", {}, ...cells.map((cell, at) => element("td", headings[at].startsWith("#") ? {class: "number"} : {}, cell))));
    return element("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Table"},
      element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
  }
  function code(text) {
    return element("code", {}, text);
  }
  function legend(entries) {
    return element("ul", {class: "legend"}, ...entries.map(([name, text]) => element("li", {}, element("i", {class: name}), text)));
  }
  // A choice between images; draws the one that is chosen.
  function chooser(id, images, draw) {
    const place = element("div");
    const choice = element("select", {id: id + "-image"}, ...images.map((image, at) => element("option", {value: at}, image.name)));
    const show = () => place.replaceChildren(...draw(images[Number(choice.value)]));
    choice.addEventListener("change", show);
    show();
    if (images.length < 2) return [place];
    return [element("div", {class: "controls"}, element("label", {for: id + "-image"}, "Image"), choice), place];
  }

  function overview() {
    document.getElementById("title").textContent = data.title;
    document.getElementById("made").textContent = data.made;
    const cards = [[data.images.length, data.images.length === 1 ? "image" : "images"]];
    if (data.findings) cards.push([data.findings.filter((one) => one.level === "error" || one.level === "warning").length, "errors and warnings"]);
    if (data.commits.length > 0) cards.push([data.commits.length, "commits replayed"]);
    const proposals = data.proposals || [];
    const runs = proposals.reduce((sum, one) => sum + one.gain.runs, 0);
    const cheaper = proposals.reduce((sum, one) => sum + one.gain.cheaper, 0);
    if (runs > 0) cards.push([runs, "runs of RUN steps that changes would have saved"]);
    if (cheaper > 0) cards.push([cheaper, "runs of RUN steps that would have found their downloads"]);
    const seconds = proposals.reduce((sum, one) => sum + (one.gain.seconds || 0), 0);
    if (seconds > 0) cards.push([time(seconds), "that they would have taken"]);
    const rows = data.images.map((image) => [image.name, code(image.dockerfile), code(image.context || ""), image.defined || "",
      image.built === undefined ? "" : image.built - image.unchanged + " of " + image.built]);
    section("overview", "Overview", element("ul", {class: "cards"}, ...cards.map(([number, text]) => element("li", {}, element("b", {}, number), text))),
      table(["Image", "Dockerfile", "Context", "Defined in", "#Rebuilds at"], rows),
      ...data.notes.map((note) => element("p", {class: "dim"}, note)));
  }

  function advice() {
    if (!data.proposals) return;
    const useful = data.proposals.filter((one) => one.changes.length > 0 || one.unsafe.length > 0);
    const parts = [];
    for (const one of useful) {
      parts.push(element("h3", {}, one.dockerfile));
      const change = (what) => element("li", {}, what.message, " (", what.rule ? element("b", {}, what.rule) : null, what.line ? (what.rule ? ", line " : "line ") + what.line : "", "): ", gain(what.gain), what.reason && what.remedy ? element("div", {class: "dim"}, "Fix: " + what.remedy) : null, what.reason ? element("div", {class: "dim"}, "Unsafe: " + what.reason) : null);
      if (one.changes.length > 0) parts.push(element("ul", {}, ...one.changes.map(change)));
      if (one.changes.length > 0) parts.push(element("details", {}, element("summary", {}, "The change"), patch(one.patch)));
      if (one.unsafe.length > 0)
        parts.push(element("p", {class: "dim"}, "These may change the image, and dcache optimize makes them only with --unsafe-fixes:"), element("ul", {}, ...one.unsafe.map(change)));
    }
    if (useful.length === 0)
      parts.push(element("p", {}, data.proposals.length > 0 ? "No change that dcache can make would have saved a rebuild in these commits." : "No commits were replayed, so dcache can't tell what a change would save."));
    section("advice", "What to change", ...parts);
  }
  function gain(one) {
    const words = [];
    if (one.runs > 0) words.push("saves " + counted(one.runs, "run") + " of RUN steps");
    if (one.steps > one.runs) words.push("saves " + counted(one.steps - one.runs, "rebuild") + " of steps that copy");
    if (one.cheaper > 0) words.push(counted(one.cheaper, "run") + " of RUN steps would find what they download");
    if (one.seconds > 0) words.push("about " + time(one.seconds));
    return words.join(", ");
  }
  function patch(text) {
    const name = (line) => (/^\+(?!\+\+ )/.test(line) ? "added" : /^-(?!-- )/.test(line) ? "removed" : "same");
    return element("pre", {tabindex: "0"}, ...text.replace(/\n$/, "").split("\n").map((line) => element("span", {class: name(line)}, line)));
  }

  function history() {
    const images = data.images.filter((image) => image.steps.some((step) => step.commits));
    if (images.length === 0) return;
    section("history", "What rebuilds, and how often", ...chooser("history", images, (image) => [frequency(image), heat(image)]));
  }
  function frequency(image) {
    const rows = image.steps.map((step) => {
      const share = step.commits ? step.rebuilt / step.commits : 0;
      const perhaps = step.commits ? (step.depends || 0) / step.commits : 0;
      const bar = element("span", {class: "bar"});
      bar.style.width = Math.round(share * 80) + "px";
      const more = element("span", {class: "bar perhaps"});
      more.style.width = Math.round(perhaps * 80) + "px";
      return [step.line, step.rebuilt === undefined ? "" : step.rebuilt, step.depends ? step.depends : "", element("span", {}, bar, more),
        code(shortened(step.instruction, 160)), (step.causes || []).slice(0, 3).map((cause) => cause.path + " (" + cause.commits + ")").join(", "),
        step.seconds === undefined ? "" : time(step.seconds)];
    });
    return table(["#Line", "#Rebuilt", "#Perhaps", "Share", "Step", "Most often because of", "#Takes"], rows);
  }
  // Commits from left to right, steps from top to bottom.
  function heat(image) {
    if (!image.heat) return null;
    const width = Math.max(4, Math.min(14, Math.floor(900 / Math.max(1, image.heat.length)))), height = 16, left = 190;
    const kinds = {m: "miss", d: "depends", h: "hit", u: "unknown", f: "fails", "-": "absent"};
    const words = {m: "rebuilt", d: "perhaps rebuilt", h: "reused", u: "not known", f: "the build fails", "-": "no such step"};
    const picture = drawn("svg", {width: left + image.heat.length * width + 10, height: image.steps.length * height + 10, role: "img",
      "aria-label": "What each step did at each commit; the table above has the sums"});
    image.steps.forEach((step, row) => picture.append(drawn("text", {x: 0, y: row * height + 13, class: "label"}, shortened(step.line + " " + step.instruction, 27))));
    const said = element("p", {id: "said", class: "dim", "aria-live": "polite"}, "Point at a square to see the commit.");
    image.heat.forEach((letters, column) => {
      const commit = data.commits[column];
      Array.from(letters).forEach((letter, row) => {
        const square = drawn("rect", {x: left + column * width, y: row * height + 2, width: width - 1, height: height - 2, class: kinds[letter]});
        square.addEventListener("mouseenter", () => {
          said.textContent = commit.id.slice(0, 10) + " (" + commit.day + ") " + commit.subject + ": line " + image.steps[row].line + " " + words[letter];
        });
        picture.append(square);
      });
    });
    return element("div", {}, element("h3", {}, "Commits × steps"), legend([["miss", "rebuilt"], ["depends", "perhaps rebuilt"], ["hit", "reused"], ["unknown", "only the registry can tell"], ["absent", "no such step, or the build fails"]]),
      element("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Commits and steps"}, picture), said);
  }

  // How often the step of a finding was rebuilt.
  function often(impact) {
    if (!impact || !impact.frequency) return null;
    return element("b", {}, ` (rebuilt in ${impact.frequency.rebuilt} of ${counted(impact.frequency.commits, "commit")})`);
  }

  function findings() {
    if (!data.findings) return;
    if (data.findings.length === 0) {
      section("findings", "Findings", element("p", {}, "No findings."));
      return;
    }
    const levels = ["all levels", "error", "warning", "info", "style"];
    const level = element("select", {id: "level"}, ...levels.map((name) => element("option", {}, name)));
    const search = element("input", {type: "search", id: "search", placeholder: "text", "aria-label": "Text to look for"});
    const place = element("div", {"aria-live": "polite"});
    const show = () => {
      const wanted = data.findings.filter((one) => (level.value === levels[0] || one.level === level.value) &&
        (one.path + one.rule + one.name + one.message + one.remedy).toLowerCase().includes(search.value.toLowerCase()));
      place.replaceChildren(element("p", {class: "dim"}, counted(wanted.length, "finding")),
        table(["Level", "Place", "Rule", "What is wrong, and what to do"], wanted.slice(0, 500).map((one) => [element("span", {class: "level-" + one.level}, one.level),
          code(one.path + ":" + one.line), element("a", {href: one.help}, one.rule), element("span", {}, one.message, often(one.impact), one.remedy ? element("span", {class: "dim"}, ": " + one.remedy) : null)])));
    };
    level.addEventListener("change", show);
    search.addEventListener("input", show);
    show();
    section("findings", "Findings", element("div", {class: "controls"}, element("label", {for: "level"}, "Show"), level, search), place);
  }

  function graph() {
    const images = data.images.filter((image) => image.stages.length > 0);
    if (images.length === 0) return;
    section("graph", "What depends on what", ...chooser("graph", images, (image) => [
      element("p", {class: "dim"}, "Stages from left to right; solid arrows: starts from it, dashed arrows: takes files of it. " +
        (image.critical_seconds ? "Thick frames: the critical path, " + time(image.critical_seconds) + "." : "")),
      element("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Stages and steps"}, stages(image))]));
  }
  function stages(image) {
    const column = 300, gap = 60, box = 24, title = 24, next = [], at = [];
    const picture = drawn("svg", {role: "img", "aria-label": "Stages and steps of " + image.name});
    picture.append(drawn("defs", {}, drawn("marker", {id: "arrow", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto"}, drawn("path", {d: "M0 0L8 4L0 8z", class: "head"}))));
    let width = 0, height = 0;
    const nodes = drawn("g"), edges = drawn("g");
    for (const stage of image.stages) {
      if (stage.steps.length === 0) continue;
      const x = 8 + stage.layer * (column + gap);
      let y = next[stage.layer] || 8;
      const tall = title + stage.steps.length * (box + 6) + 6;
      picture.append(drawn("rect", {x, y, width: column, height: tall, rx: 6, class: "frame"}), drawn("text", {x: x + 8, y: y + 16, "font-weight": "bold"}, shortened(stage.label, 38)));
      stage.steps.forEach((index, row) => {
        const step = image.steps[index], top = y + title + row * (box + 6);
        at[index] = {x: x + 8, y: top, stage};
        const share = step.commits ? (step.rebuilt + (step.depends || 0) / 2) / step.commits : 0;
        const frame = drawn("rect", {x: x + 8, y: top, width: column - 16, height: box, rx: 4, class: "box plain" + (step.critical ? " critical" : "")});
        const warm = drawn("rect", {x: x + 8, y: top, width: column - 16, height: box, rx: 4, class: "miss", opacity: (share * 0.75).toFixed(2)});
        const label = drawn("svg", {x: x + 8, y: top, width: column - 18, height: box}, drawn("text", {x: 6, y: 16, class: "label"}, step.line + "  " + step.instruction));
        nodes.append(drawn("g", {}, drawn("title", {}, step.instruction + (step.commits ? "\n" + step.rebuilt + " of " + counted(step.commits, "commit") : "") + (step.seconds === undefined ? "" : "\n" + time(step.seconds))), frame, warm, label));
      });
      next[stage.layer] = y + tall + 14;
      width = Math.max(width, x + column + 50);
      height = Math.max(height, y + tall + 8);
    }
    image.steps.forEach((step, index) => {
      for (const need of step.needs) {
        const from = at[need.step], to = at[index];
        if (!from || !to || (from.stage === to.stage && need.kind === "below")) continue;
        const x1 = from.x + column - 16, y1 = from.y + box / 2, x2 = from.stage.layer === to.stage.layer ? to.x + column - 16 : to.x, y2 = to.y + box / 2;
        const bend = Math.max(30, Math.abs(x2 - x1) / 2), control = from.stage.layer === to.stage.layer ? x2 + bend : x2 - bend;
        edges.append(drawn("path", {d: `M${x1} ${y1}C${x1 + bend} ${y1} ${control} ${y2} ${x2} ${y2}`, class: "edge", "marker-end": "url(#arrow)", ...(need.kind === "files" ? {"stroke-dasharray": "5 3"} : {})}));
      }
    });
    picture.append(edges, nodes);
    picture.setAttribute("width", width);
    picture.setAttribute("height", height);
    return picture;
  }

  function timeline() {
    if (data.runs.length === 0) return;
    const parts = [];
    for (const run of data.runs) {
      const width = 640, left = 300, row = 20, scale = run.seconds > 0 ? width / run.seconds : 0;
      const picture = drawn("svg", {width: left + width + 90, height: run.bars.length * row + 8, role: "img", "aria-label": "When each step was worked on"});
      run.bars.forEach((bar, at) => {
        const long = Math.max(2, (bar.end - bar.start) * scale);
        picture.append(drawn("g", {}, drawn("title", {}, bar.name),
          drawn("svg", {x: 0, y: at * row, width: left - 10, height: row}, drawn("text", {x: 0, y: 14, class: "label"}, bar.name)),
          drawn("rect", {x: left + bar.start * scale, y: at * row + 3, width: long, height: row - 6, class: (bar.failed ? "failed" : bar.cached ? "hit" : "ran") + (bar.critical ? " critical" : "")}),
          drawn("text", {x: left + bar.start * scale + long + 5, y: at * row + 14}, bar.cached ? "reused" : time(bar.end - bar.start))));
      });
      parts.push(element("h3", {}, (run.names.join(", ") || "Build") + ": " + time(run.seconds) + (run.estimated ? ", estimated from durations" : "")),
        element("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Timeline"}, picture));
    }
    section("timeline", "A build that happened", legend([["hit", "reused"], ["depends", "ran"]]), element("p", {class: "dim"}, "Thick frames: the chain of steps that took longest."), ...parts);
  }

  overview();
  advice();
  history();
  findings();
  graph();
  timeline();
})();

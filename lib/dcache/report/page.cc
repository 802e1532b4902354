#include "dcache/report/page.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "dcache/address.h"
#include "dcache/report/impact_json.h"
#include "dcache/report/optimize.h"
#include "dcache/report/page_parts.h"
#include "dcache/report/step_words.h"
#include "dcache/report/xml.h"
#include "dcache/text/base64.h"
#include "dcache/text/digest.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/times.h"
#include "dcache/text/words.h"
#include "dcache/version.h"

namespace dcache::report {
namespace {

using history::ImageAtCommit;
using history::ImageHistory;

char letter_of(cache::Verdict verdict) {
  switch (verdict) {
    case cache::Verdict::kMiss:
      return 'm';
    case cache::Verdict::kDepends:
      return 'd';
    case cache::Verdict::kUnknown:
      return 'u';
    case cache::Verdict::kHit:
      return 'h';
    case cache::Verdict::kUnused:
      break;
  }
  return '-';
}

// For each commit a letter for each step of the newest one.
std::vector<std::string> heat_of(const ImageHistory& history) {
  std::vector<std::string> heat;
  for (const ImageAtCommit& commit : history.commits) {
    const bool fails = commit.state == ImageAtCommit::State::kFails;
    std::string& letters = heat.emplace_back(history.steps.size(), fails ? 'f' : '-');
    if (commit.steps == nullptr) continue;
    const auto& places = history.places[commit.plan];
    for (size_t i = 0; i < places.size() && i < commit.steps->size(); ++i) {
      if (places[i]) letters[*places[i]] = letter_of((*commit.steps)[i].verdict);
    }
  }
  return heat;
}

void write_causes(const history::StepHistory& step, text::JsonWriter& json) {
  constexpr size_t kMost = 10;
  json.key("causes").begin_array();
  for (size_t i = 0; i < step.causes.size() && i < kMost; ++i) {
    const history::CauseCount& cause = step.causes[i];
    json.begin_object()
        .member("path", cause.path.empty() ? cache::name_of(cause.kind) : std::string_view(cause.path))
        .member("commits", cause.commits)
        .end_object();
  }
  json.end_array();
}

// The steps of the newest commit with what the commits say of them; without commits those of the view.
void write_steps(const PageImage& image, text::JsonWriter& json) {
  json.key("steps").begin_array();
  for (const ViewStep& step : image.view.steps) {
    json.begin_object()
        .member("stage", step.stage)
        .member("line", step.line)
        .member("instruction", step.instruction);
    write_trigger(step.trigger, json);
    json.key("needs").begin_array();
    for (const plan::Input& input : step.needs)
      json.begin_object().member("step", input.step).member("kind", name_of(input.kind)).end_object();
    json.end_array();
    if (step.seconds) json.member("seconds", *step.seconds);
    if (step.is_critical) json.member("critical", true);
    if (step.history != nullptr) {
      json.member("rebuilt", step.history->rebuilt)
          .member("depends", step.history->depends)
          .member("commits", step.frequency->commits);
      write_causes(*step.history, json);
    }
    json.end_object();
  }
  json.end_array();
}

void write_heat(const PageImage& image, text::JsonWriter& json) {
  if (image.history == nullptr || image.history->built == 0) return;
  json.key("heat").begin_array();
  for (const std::string& commit : heat_of(*image.history)) {
    // In the order of the view, which may have other steps: those of the work tree.
    std::string letters;
    for (const ViewStep& step : image.view.steps) {
      const auto place = step.history - image.history->steps.data();
      letters += step.history == nullptr ? '-' : commit[static_cast<size_t>(place)];
    }
    json.value(letters);
  }
  json.end_array();
}

void write_page_image(const PageImage& image, text::JsonWriter& json) {
  json.begin_object().member("name", image.view.name).member("dockerfile", image.view.dockerfile);
  if (image.image != nullptr) {
    const project::Image& one = *image.image;
    json.member("context", one.build.context);
    if (!one.target.defined.empty() && one.origin().kind != project::DefinitionKind::kDockerfile)
      json.member("defined", fmt::format("{}:{}", one.origin().path, one.origin().line));
  }
  if (image.history != nullptr)
    json.member("built", image.history->built).member("unchanged", image.history->unchanged);
  if (image.view.critical_seconds) json.member("critical_seconds", *image.view.critical_seconds);
  json.key("stages").begin_array();
  for (const ViewStage& stage : image.view.stages) {
    json.begin_object().member("label", stage.label).member("layer", stage.layer).key("steps").begin_array();
    for (const size_t step : stage.steps)
      json.value(step);
    json.end_array().end_object();
  }
  json.end_array();
  write_steps(image, json);
  write_heat(image, json);
  json.end_object();
}

void write_page_finding(const PageFinding& finding, text::JsonWriter& json) {
  const lint::Diagnostic& diagnostic = finding.diagnostic;
  json.begin_object();
  if (diagnostic.impact) write_impact(*diagnostic.impact, json.key("impact"));
  json.member("path", finding.path)
      .member("line", finding.line)
      .member("rule", diagnostic.rule)
      .member("name", diagnostic.name)
      .member("level", lint::name_of(diagnostic.level))
      .member("message", diagnostic.complaint())
      .member("remedy", diagnostic.remedy)
      .member("help", fmt::format(DCACHE_RULE_PAGES "/{}.md", diagnostic.rule))
      .end_object();
}

void write_run(const LogView& view, size_t index, text::JsonWriter& json) {
  const observe::Timeline& line = view.timelines[index];
  json.begin_object().member("seconds", line.seconds).member("estimated", line.is_estimated);
  json.key("names").begin_array();
  for (const LogBuild& build : view.builds) {
    if (build.run == index && !build.name.empty()) json.value(build.name);
  }
  json.end_array().key("bars").begin_array();
  for (size_t i = 0; i < line.bars.size(); ++i) {
    const observe::Bar& bar = line.bars[i];
    json.begin_object()
        .member("name", bar.vertex->name)
        .member("start", bar.start)
        .member("end", bar.end)
        .member("cached", bar.vertex->cached)
        .member("failed", !bar.vertex->error.empty())
        .member("critical", std::ranges::find(line.critical, i) != line.critical.end())
        .end_object();
  }
  json.end_array().end_object();
}

std::string data_of(const Page& page) {
  std::string data;
  text::JsonWriter json(data);
  json.begin_object().member("version", 1).member("title", page.title).member("made", page.made);
  json.key("images").begin_array();
  for (const PageImage& image : page.images)
    write_page_image(image, json);
  json.end_array().key("commits").begin_array();
  for (const context::Commit& commit : page.commits)
    json.begin_object()
        .member("id", to_hex(commit.id))
        .member("day", text::day_of(commit.time))
        .member("subject", commit.subject)
        .end_object();
  json.end_array();
  if (page.findings) {
    json.key("findings").begin_array();
    for (const PageFinding& finding : *page.findings)
      write_page_finding(finding, json);
    json.end_array();
  }
  if (page.proposals) {
    json.key("proposals").begin_array();
    for (const PageProposal& proposal : *page.proposals) {
      json.begin_object();
      write_proposal(*proposal.proposal, json);
      json.member("patch", proposal.patch).end_object();
    }
    json.end_array();
  }
  json.key("runs").begin_array();
  for (size_t i = 0; page.log != nullptr && i < page.log->timelines.size(); ++i)
    write_run(*page.log, i, json);
  json.end_array().key("notes").begin_array();
  for (const std::string& note : page.notes)
    json.value(note);
  json.end_array().end_object();
  return data;
}

// JSON that no HTML parser sees an element or a comment in.
std::string safe_in_markup(const std::string& json) {
  std::string safe;
  for (const char c : json) {
    if (c == '<' || c == '>' || c == '&') {
      safe += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string source_of(std::string_view text) {
  return fmt::format("'sha256-{}'", text::to_base64(text::sha256(text)));
}

}  // namespace

void append_page(const Page& page, std::string& out) {
  const std::map<std::string_view, std::string> values = {
      {"policy",
       fmt::format("default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
                   source_of(kPageScript), source_of(kPageStyle))},
      {"title", xml(page.title)},
      {"style", std::string(kPageStyle)},
      {"script", std::string(kPageScript)},
      {"data", safe_in_markup(data_of(page))}};
  std::string_view rest = kPageMarkup;
  for (size_t open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
    const size_t close = rest.find('}', open);
    out += rest.substr(0, open);
    out += values.at(rest.substr(open + 1, close - open - 1));
    rest.remove_prefix(close + 1);
  }
  out += rest;
}

void append_history_page(const history::History& history, std::string title, std::string& out) {
  Page page{.title = std::move(title),
            .made = made_words(history.commits),
            .images = {},
            .findings = {},
            .proposals = {},
            .commits = history.commits,
            .notes = history.notes};
  for (const ImageHistory& image : history.images)
    page.images.push_back({.image = nullptr, .view = view_of(image), .history = &image});
  append_page(page, out);
}

std::string made_words(std::span<const context::Commit> commits) {
  return fmt::format("By dcache {}, over {}, {} to {}", DCACHE_VERSION,
                     text::counted(commits.size(), "commit"), text::day_of(commits.front().time),
                     text::day_of(commits.back().time));
}

}  // namespace dcache::report

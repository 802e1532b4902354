#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/log_images.h"
#include "cli/planned.h"
#include "cli/proposals.h"
#include "cli/replaying.h"
#include "cli/states.h"
#include "cli/terminal.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/linters.h"
#include "dcache/report/page.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  HistoryFlags history;
  ProposalFlags proposals;
  std::string log;
  std::string output;
};

class Session {
 public:
  explicit Session(const Options& options) : options_(options), replayer_(options.history, options.build) {}

  int run() {
    if (!read_log() || !replayer_.open() || !replayer_.has_work_tree("report")) return kError;
    selection_ = select_images(replayer_.flags(), failed_);
    if (selection_.meant.empty() ||
        !import_caches(replayer_.flags(), options_.history.cache_from, selection_))
      return kError;
    auto history = replayer_.replay();
    if (!history) return kError;
    history_ = std::move(*history);
    auto durations = durations_with(log_ ? &*log_ : nullptr, replayer_.flags());
    if (!durations) return kError;
    durations_ = std::move(*durations);
    proposals_ = propose(options_.proposals, replayer_, durations_, selection_, failed_);
    report::Page page{
        .title = fmt::format("{}: what Docker rebuilds", text::base_name(replayer_.repository().root())),
        .made = report::made_words(history_.commits),
        .images = images(),
        .findings = findings(),
        .proposals = std::vector<report::PageProposal>(),
        .commits = history_.commits,
        .log = log_ ? &view_ : nullptr,
        .notes = history_.notes};
    std::set<std::string> shown;
    for (const optimize::Proposal& proposal : proposals_)
      page.proposals->push_back({&proposal, make_patch(changes_of(proposal, shown)).text});
    std::string out;
    report::append_page(page, out);
    if (options_.output.empty()) {
      print_file_and_clear(out);
    } else if (!write_output(options_.output, out)) {
      return kError;
    }
    return failed_ ? kError : kOk;
  }

 private:
  bool read_log() {
    if (options_.log.empty()) return true;
    log_ = cli::read_log(options_.log);
    if (!log_) return false;
    models_.resize(log_->builds.size());
    view_ = report::view_of(*log_, models_);
    return true;
  }

  std::vector<report::PageImage> images() {
    std::vector<report::PageImage> images;
    for (const size_t index : selection_.meant) {
      const project::Image& image = selection_.project.images[index];
      report::PageImage one{.image = &image, .view = {}};
      one.view.name = image.target.name;
      one.view.dockerfile = image.build.dockerfile;
      one.history = find_history(history_, image);
      if (auto planned = plan_image(image)) {
        planned_.push_back(std::move(*planned));
        report::ViewSource source{.name = image.target.name, .dockerfile = image.build.dockerfile};
        source.graph = planned_.back().graph.get();
        source.history = one.history;
        source.seconds = step_seconds(durations_, image.build.dockerfile);
        one.view = report::view_of(source);
      } else {
        failed_ = failed_ || image.remote.empty();
      }
      images.push_back(std::move(one));
    }
    return images;
  }

  // How often the step was rebuilt whose instruction starts in a line.
  static std::optional<lint::Frequency> frequency_at(const history::ImageHistory& history,
                                                     const dockerfile::File& file, uint32_t line) {
    const auto instruction =
        std::ranges::find(file.instructions(), line, &dockerfile::Instruction::start_line);
    if (instruction == file.instructions().end()) return std::nullopt;
    const auto step =
        std::ranges::find(history.steps, instruction->one_line(), &history::StepHistory::instruction);
    if (step == history.steps.end()) return std::nullopt;
    return lint::Frequency{step->rebuilt, step->built};
  }

  // Of the Dockerfiles of the images, each once.
  std::vector<report::PageFinding> findings() {
    const auto options = project_options_of(replayer_.flags());
    if (!options) return {};
    lint::BuildFactsFinder facts(options->read.files, std::make_shared<project::ImageFinder>(*options));
    const auto configurations = files_of_configurations(replayer_.flags());
    lint::Linters linters(lint::catalogue(),
                          {.config = replayer_.flags().config, .files = configurations.get()});
    std::set<std::string> known;
    std::vector<report::PageFinding> findings;
    for (const size_t index : selection_.meant) {
      const cache::BuildOptions& build = selection_.project.images[index].build;
      if (build.dockerfile_text || !known.insert(text::real_path(build.dockerfile)).second) continue;
      const lint::Linters::Entry& entry = linters.of(build.dockerfile);
      auto text = build.files->read(build.dockerfile);
      if (!entry.linter || !text) continue;
      const dockerfile::File file = dockerfile::parse(std::move(*text));
      lint::Findings found = entry.linter->lint(file, facts.of(build.dockerfile, replayer_.flags().context));
      const history::ImageHistory* const history = find_history(history_, selection_.project.images[index]);
      for (lint::Diagnostic& diagnostic : found.diagnostics) {
        const uint32_t line = file.lines().line_of(diagnostic.shown().begin);
        if (diagnostic.impact && history != nullptr)
          diagnostic.impact->frequency = frequency_at(*history, file, line);
        findings.push_back({build.dockerfile, line, std::move(diagnostic)});
      }
    }
    // What costs most first, of those of a level.
    const auto weight = [](const report::PageFinding& finding) {
      const auto& impact = finding.diagnostic.impact;
      const size_t rebuilt = impact && impact->frequency ? impact->frequency->rebuilt : 0;
      return std::pair(finding.diagnostic.level, rebuilt);
    };
    std::ranges::stable_sort(findings, std::ranges::greater(), weight);
    return findings;
  }

  const Options& options_;
  Replayer replayer_;
  Selection selection_;
  history::History history_;
  observe::Durations durations_;
  std::vector<optimize::Proposal> proposals_;
  std::deque<cache::PlannedFile> planned_;
  std::optional<observe::Log> log_;
  std::vector<report::LogModel> models_;
  report::LogView view_;
  bool failed_ = false;
};

}  // namespace

Command report_command() {
  auto options = std::make_shared<Options>();
  Command command("report",
                  "Write one page about the repository: what rebuilds, how often, and what to change");
  add_history_words(command, options->history);
  command.text("-o,--output", "FILE", options->output, "Where to write the page (default: standard output)");
  add_history_options(command, options->history);
  add_build_options(command, options->build, Dockerfiles::kSeveral);
  add_store_option(command, options->build);
  command.text("--log", "FILE", options->log,
               "The log of a build, to show when each step ran and how long it took");
  add_proposal_options(command, options->proposals, options->build);
  command.notes =
      "The page is one file that needs no network and no other file. It shows what dcache images, lint, "
      "history, optimize and graph say, and with --log the timeline of a build.";
  command.examples =
      "  dcache report -o report.html\n"
      "  dcache report -o report.html --image api -n 1000\n"
      "  dcache report -o report.html --log build.log";
  command.exit_status =
      "0; 2 if an image can't be read, and then the page shows the rest, or if there is no page, since the "
      "commits or the log can't be read.";
  options->build.means_all_of_file = true;
  command.run = [options] { return Session(*options).run(); };
  return command;
}

}  // namespace dcache::cli

#include "dcache/optimize/optimize.h"

#include <memory>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/log_images.h"
#include "cli/proposals.h"
#include "cli/replaying.h"
#include "cli/states.h"
#include "cli/terminal.h"
#include "dcache/report/optimize.h"
#include "dcache/text/file_io.h"
#include "dcache/text/words.h"
#include "dcache/text/write_file.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  HistoryFlags history;
  ProposalFlags proposals;
  std::string log;
  bool diff = false;
  bool write = false;
  std::string format = "text";
};

class Session {
 public:
  explicit Session(const Options& options) : options_(options), replayer_(options.history, options.build) {}

  int run() {
    if (options_.diff && options_.write) {
      complain("--diff and --write: the first only shows what the second does");
      return kError;
    }
    if (!replayer_.open() || !replayer_.has_work_tree("optimize")) return kError;
    selection_ = select_images(replayer_.flags(), failed_);
    if (selection_.meant.empty() ||
        !import_caches(replayer_.flags(), options_.history.cache_from, selection_))
      return kError;
    std::optional<observe::Log> log;
    if (!options_.log.empty()) {
      log = read_log(options_.log);
      if (!log) return kError;
    }
    const auto durations = durations_with(log ? &*log : nullptr, replayer_.flags());
    if (!durations) return kError;
    proposals_ = propose(options_.proposals, replayer_, *durations, selection_, failed_);
    return report();
  }

 private:
  int report() {
    std::string out;
    std::set<std::string> notes;
    for (const optimize::Proposal& proposal : proposals_)
      notes.insert(proposal.notes.begin(), proposal.notes.end());
    for (const std::string& note : notes)
      complain("note: " + note);
    if (options_.format == "json") report::append_proposals_json(proposals_, out);
    print_and_clear(out);
    for (size_t i = 0; i < proposals_.size() && options_.format != "json"; ++i) {
      if (i > 0) out += '\n';
      report::append_proposal(proposals_[i], report::Style(use_colour()), out);
      print_and_clear(out);
      if (!options_.write && !proposals_[i].is_empty())
        out = '\n' + patch_with_note(changes_of(proposals_[i], written_));
      print_file_and_clear(out);
    }
    if (options_.write) {
      for (const optimize::Proposal& proposal : proposals_)
        write(proposal);
    }
    return failed_ ? kError : kOk;
  }

  void write(const optimize::Proposal& proposal) {
    if (proposal.is_empty()) return;
    std::string failure;
    if (proposal.after != proposal.before)
      failure = text::replace_file(proposal.dockerfile, proposal.before, proposal.after);
    for (const lint::Fix& file : proposal.new_files) {
      if (!failure.empty() || !written_.insert(text::real_path(file.new_file)).second) continue;
      const auto before = text::read_regular_file(file.new_file);
      failure = text::replace_file(file.new_file, before ? std::optional(*before) : std::nullopt,
                                   file.new_file_content);
    }
    if (failure.empty()) {
      complain(
          fmt::format("{}: {} made", proposal.dockerfile, text::counted(proposal.changes.size(), "change")));
      return;
    }
    complain(failure);
    failed_ = true;
  }

  const Options& options_;
  Replayer replayer_;
  Selection selection_;
  std::vector<optimize::Proposal> proposals_;
  std::set<std::string> written_;
  bool failed_ = false;
};

}  // namespace

Command optimize_command() {
  auto options = std::make_shared<Options>();
  Command command("optimize", "Improve a Dockerfile, by what would have rebuilt over the last commits");
  add_history_words(command, options->history);
  add_history_options(command, options->history);
  add_build_options(command, options->build, Dockerfiles::kSeveral);
  add_store_option(command, options->build);
  command.flag("--diff", options->diff, "Show the changes without making them (default)");
  command.flag("--write", options->write, "Write the Dockerfile, and the ignore file that it lacks");
  add_proposal_options(command, options->proposals, options->build);
  command.text("--log", "FILE", options->log,
               "The log of a build: its times are used to give the gain in minutes");
  command.text("--format", "", options->format, "Output format").choices = {"text", "json"};
  command.notes =
      "Applies the fixes of all caching rules together, and replays the commits twice: with the Dockerfile "
      "as it is now, and with the proposed one. Changes that save nothing are left out. The text ends with a "
      "patch: dcache optimize | git apply.";
  command.examples =
      "  dcache optimize\n"
      "  dcache optimize -f build/Dockerfile -n 1000 --min-gain 10\n"
      "  dcache optimize --log build.log   # with minutes\n"
      "  dcache optimize --image api --write";
  command.exit_status =
      "0, or 2 if the commits, the images or a Dockerfile can't be read, or no commit can be built.";
  options->build.means_all_of_file = true;  // a change is good for all of them
  command.run = [options] { return Session(*options).run(); };
  return command;
}

}  // namespace dcache::cli

#include "dcache/report/history.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/replaying.h"
#include "cli/terminal.h"
#include "dcache/report/page.h"
#include "dcache/text/path.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  HistoryFlags history;
  std::string format = "text";
  bool steps = false;
};

// Whether some image can be built up to this stage at some commit. Says what is wrong.
bool has_target(const std::string& target, const history::History& history) {
  const auto is_built = [](const history::ImageHistory& image) { return image.built > 0; };
  if (target.empty() || history.images.empty() || std::ranges::any_of(history.images, is_built)) return true;
  const auto& commits = history.images.front().commits;
  complain(fmt::format("--target {}: no image can be built at any of these commits{}{}", target,
                       commits.empty() ? "" : ": ", commits.empty() ? "" : commits.back().reason));
  return false;
}

int run(const Options& options) {
  Replayer replayer(options.history, options.build);
  if (!replayer.open()) return kError;
  const auto history = replayer.replay();
  if (!history) return kError;
  if (!has_target(options.build.target, *history) || !replayer.write_kept(*history)) return kError;
  std::string out;
  if (options.format == "html") {
    report::append_history_page(
        *history,
        fmt::format("{}: what Docker would have rebuilt", text::base_name(replayer.repository().root())),
        out);
    print_file_and_clear(out);
  } else if (options.format == "json") {
    report::append_history_json(*history, options.steps, out);
  } else {
    report::append_history(*history, report::Style(use_colour()), out);
  }
  print_and_clear(out);
  return kOk;
}

}  // namespace

Command history_command() {
  auto options = std::make_shared<Options>();
  Command command("history", "Show how often each step would have been rebuilt over the last commits");
  add_history_words(command, options->history);
  add_history_options(command, options->history);
  add_build_options(command, options->build, Dockerfiles::kSeveral);
  command.text("--format", "", options->format, "Output format").choices = {"text", "json", "html"};
  command.text("--keep", "FILE", options->history.keep,
               "Keep in FILE what was worked out: the next run with it replays only the new commits");
  command.flag("--steps", options->steps, "In JSON, also what each step did at each commit");
  command.notes =
      "Reads commits from git, without a checkout; also in a bare repository. Each commit is built with its "
      "own Dockerfiles, ignore files and definitions of images. Files that git does not track do not count.";
  command.examples =
      "  dcache history\n"
      "  dcache history -f build/Dockerfile -n 1000 --first-parent\n"
      "  dcache history --image api v1.0..v2.0\n"
      "  dcache history --since '3 months ago' --cache-from min   # CI workers that start empty\n"
      "  dcache history --first-parent --keep .git/dcache-history   # each week, say\n"
      "  dcache history --format json --steps\n"
      "  dcache history --format html > history.html";
  command.exit_status =
      "0, or 2 if the commits or the images of the newest one can't be read, or no commit has the stage of "
      "--target.";
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace dcache::cli

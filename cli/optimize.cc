#include "dcache/optimize/optimize.h"

#include <algorithm>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/patches.h"
#include "cli/replaying.h"
#include "cli/states.h"
#include "cli/terminal.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/linters.h"
#include "dcache/report/optimize.h"
#include "dcache/text/edit.h"
#include "dcache/text/file_io.h"
#include "dcache/text/words.h"
#include "dcache/text/write_file.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  HistoryFlags history;
  uint32_t least_gain = 1;
  bool unsafe_fixes = false;
  bool diff = false;
  bool write = false;
  std::string config;
  std::string format = "text";
};

// The images of one Dockerfile.
struct Subject {
  std::string path;
  std::vector<size_t> images;
};

class Session {
 public:
  explicit Session(const Options& options) : options_(options), replayer_(options.history, options.build) {}

  int run() {
    if (options_.diff && options_.write) {
      complain("--diff and --write: the first only shows what the second does");
      return kError;
    }
    if (!replayer_.open()) return kError;
    selection_ = select_images(replayer_.flags(), failed_);
    if (selection_.meant.empty() || !import_caches()) return kError;
    const auto project_options = project_options_of(replayer_.flags());
    if (!project_options) return kError;
    files_ = project_options->read.files;
    images_ = std::make_shared<project::ImageFinder>(*project_options);
    durations_ = known_durations(replayer_.flags());
    for (const Subject& subject : subjects()) {
      if (auto proposal = propose(subject)) proposals_.push_back(std::move(*proposal));
    }
    return report();
  }

 private:
  bool import_caches() {
    return cli::import_caches(replayer_.flags(), options_.history.cache_from, selection_);
  }

  std::vector<Subject> subjects() {
    std::vector<Subject> subjects;
    for (const size_t index : selection_.meant) {
      const project::Image& image = selection_.project.images[index];
      if (!image.remote.empty() || image.build.dockerfile_text) {
        complain(
            fmt::format("{} is left out: {}", image.target.name,
                        image.remote.empty() ? "its Dockerfile is a part of its definition" : image.remote));
        continue;
      }
      const std::string path = context::disk()->real_path(image.build.dockerfile);
      const auto known = std::ranges::find(subjects, path, &Subject::path);
      if (known == subjects.end()) {
        subjects.push_back({path, {index}});
      } else {
        known->images.push_back(index);
      }
    }
    return subjects;
  }

  std::optional<optimize::Proposal> propose(const Subject& subject) {
    const project::Image& first = selection_.project.images[subject.images.front()];
    const std::string& dockerfile = first.build.dockerfile;
    lint::Linters linters(lint::catalogue(), {.config = options_.config, .files = files_.get()});
    const lint::Linters::Entry& entry = linters.of(dockerfile);
    if (entry.failure) {
      complain(text::words_of(*entry.failure));
      failed_ = true;
      return std::nullopt;
    }
    lint::AllSurroundings surroundings(files_, images_);
    const bool is_defined = first.origin().kind != project::DefinitionKind::kDockerfile;
    const auto image = is_defined ? std::make_shared<const project::Image>(first) : nullptr;
    optimize::Options options{.objects = replayer_.shared_objects(),
                              .commits = replayer_.commits(),
                              .here = current_folder(),
                              .least_gain = options_.least_gain,
                              .unsafe = options_.unsafe_fixes,
                              .config = entry.config};
    options.load = surroundings.of(dockerfile, replayer_.flags().context, image);
    options.seconds = [&](const plan::Graph& graph, size_t step) {
      return durations_.find(observe::Durations::key_of(graph, step, text::real_path(dockerfile)));
    };
    ProgressLine line;
    options.progress = [&](size_t done, size_t all) {
      line.show(fmt::format("{}: trying {} of {}", dockerfile, std::min(done + 1, all), all));
    };
    auto proposal = optimize::propose(selection_.project, subject.images, options);
    if (proposal) return std::move(*proposal);
    complain(fmt::format("{}: {}", dockerfile, proposal.error()));
    failed_ = true;
    return std::nullopt;
  }

  int report() {
    std::string out;
    if (options_.format == "json") report::append_proposals_json(proposals_, out);
    print_and_clear(out);
    for (size_t i = 0; i < proposals_.size() && options_.format != "json"; ++i) {
      if (i > 0) out += '\n';
      report::append_proposal(proposals_[i], report::Style(use_colour()), out);
      print_and_clear(out);
      if (!options_.write) append_diff(proposals_[i], out);
      print_file_and_clear(out);
    }
    if (options_.write) {
      for (const optimize::Proposal& proposal : proposals_)
        write(proposal);
    }
    return failed_ ? kError : kOk;
  }

  // A file that two Dockerfiles would have is shown once.
  void append_diff(const optimize::Proposal& proposal, std::string& out) {
    if (proposal.is_empty()) return;
    out += '\n' + text::unified_diff(proposal.before, proposal.after, diff_name("a/", proposal.dockerfile),
                                     diff_name("b/", proposal.dockerfile));
    for (const lint::Fix& file : proposal.new_files) {
      if (!written_.insert(text::real_path(file.new_file)).second) continue;
      const auto before = text::read_regular_file(file.new_file);
      out += text::unified_diff(before.value_or(""), file.new_file_content,
                                before ? diff_name("a/", file.new_file) : "/dev/null",
                                diff_name("b/", file.new_file));
    }
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
  std::shared_ptr<const context::FileSystem> files_;
  std::shared_ptr<project::ImageFinder> images_;
  observe::Durations durations_;
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
  command.number("--min-gain", "COUNT", options->least_gain,
                 "Leave out changes that save fewer rebuilds of steps, over all commits");
  command.flag("--unsafe-fixes", options->unsafe_fixes, "Also make changes that may change the image");
  command.text("--config", "FILE", options->config,
               "Configuration file whose ignored rules count (default: as for dcache lint)");
  command.text("--format", "", options->format, "Output format").choices = {"text", "json"};
  command.notes =
      "Makes the fixes of the rules about caching together, and replays the commits twice: as if the "
      "Dockerfile\n"
      "had always been as it is now, and as if it had always been as proposed. A change without which as "
      "few\n"
      "steps rebuild is left out. The text ends with a patch: dcache optimize | git apply.";
  command.examples =
      "  dcache optimize\n"
      "  dcache optimize -f build/Dockerfile -n 1000 --min-gain 10\n"
      "  dcache log build.log --remember && dcache optimize   # with minutes\n"
      "  dcache optimize --image api --write";
  command.exit_status =
      "0, or 2 if the commits, the images or a Dockerfile can't be read or none can be built.";
  options->build.means_all_of_file = true;  // a change is good for all of them
  command.run = [options] { return Session(*options).run(); };
  return command;
}

}  // namespace dcache::cli

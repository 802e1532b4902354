#include "dcache/dockerfile/format.h"

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cli/build_options.h"
#include "cli/commands.h"
#include "cli/patches.h"
#include "cli/terminal.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/text/file_io.h"
#include "dcache/text/words.h"
#include "dcache/text/write_file.h"

namespace dcache::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  bool check = false;
  bool diff = false;
  bool no_gitignore = false;
};

class Session {
 public:
  explicit Session(const Options& options) : options_(options) {}

  int run() {
    for (const std::string& path : files()) {
      auto source = text::read_file(path);
      if (source) {
        visit(path, dockerfile::parse(std::move(*source)));
      } else {
        fail(source.error());
      }
    }
    if (options_.diff) out_ += patch_with_note(changes_);
    print_file_and_clear(out_);
    const bool reports = options_.check || options_.diff;
    if (changed_ > 0 && options_.check)
      complain(fmt::format("{} would be formatted", text::counted(changed_, "file")));
    if (changed_ > 0 && !reports && written_ > 0)
      complain(fmt::format("formatted {}", text::counted(written_, "file")));
    if (failed_) return kError;
    return reports && changed_ > 0 ? kFindings : kOk;
  }

 private:
  std::vector<std::string> files() {
    const std::vector<std::string> here = {"."};
    return find_files(options_.paths.empty() ? here : options_.paths, {.gitignore = !options_.no_gitignore},
                      failed_)
        .files;
  }

  void fail(const std::string& message) {
    complain(message);
    failed_ = true;
  }

  void visit(const std::string& path, const dockerfile::File& file) {
    const std::string name = path == "-" ? "<stdin>" : path;
    const std::string before(file.source());
    const bool filter = path == "-" && !options_.check && !options_.diff;
    if (!file.errors().empty()) {
      const dockerfile::Error& error = file.errors().front();
      fail(fmt::format("{}:{}: {}; the file is not formatted", name, error.line, error.message));
      if (filter) out_ += before;
      return;
    }
    const std::string after = dockerfile::formatted(file);
    if (filter) out_ += after;
    if (after == before) return;
    ++changed_;
    if (options_.diff) changes_.push_back({path, before, after});
    if (options_.check && !options_.diff) out_ += fmt::format("{}\n", name);
    if (filter || options_.check || options_.diff) return;
    if (const std::string failure = text::replace_file(path, before, after); !failure.empty()) {
      fail(failure);
    } else {
      ++written_;
    }
  }

  const Options& options_;
  std::string out_;
  std::vector<FileChange> changes_;
  size_t changed_ = 0;
  size_t written_ = 0;
  bool failed_ = false;
};

}  // namespace

Command format_command() {
  auto options = std::make_shared<Options>();
  Command command("format", "Give Dockerfiles one layout: keywords in capitals, no white space at line ends");
  command.arguments("PATH", options->paths,
                    "Dockerfiles, or folders to search; - for standard input (default: the current folder)");
  command.flag("--check", options->check, "Change nothing: print the files that would change");
  command.flag("--diff", options->diff, "Change nothing: print what would change, as a patch");
  command.flag("--no-gitignore", options->no_gitignore, "Search folders for files that git ignores, too");
  command.notes =
      "Comments, heredocs and the text of commands stay as they are. Cache keys stay the same too, except of "
      "steps that copy the Dockerfile itself. A file that no builder accepts is not changed.";
  command.examples =
      "  dcache format\n"
      "  dcache format --check services\n"
      "  dcache format - <Dockerfile";
  command.exit_status =
      "0, or 1 with --check or --diff if a file would change, or 2 if a file can't be read or has a syntax "
      "error.";
  command.run = [options] { return Session(*options).run(); };
  return command;
}

}  // namespace dcache::cli

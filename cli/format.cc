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
#include "dcache/project/file_kinds.h"
#include "dcache/project/hcl/format.h"
#include "dcache/project/hcl/parser.h"
#include "dcache/project/yaml.h"
#include "dcache/project/yaml_layout.h"
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
      if (!source) {
        fail(source.error());
        continue;
      }
      const auto kind = project::definition_kind(path);
      if (kind == project::DefinitionKind::kCompose) {
        visit_compose(path, *source);
      } else if (kind == project::DefinitionKind::kBake && !path.ends_with(".json")) {
        visit_bake(path, *source);
      } else {
        visit(path, dockerfile::parse(std::move(*source)));
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
    if (after != before) change(path, before, after, filter);
  }

  // The files that the language server formats too, with two spaces a level.
  void visit_compose(const std::string& path, const std::string& before) {
    const project::yaml::Documents parsed = project::yaml::parse(before, path);
    if (!parsed.failures.empty()) return refuse(parsed.failures.front());
    change_if_other(path, before, project::yaml::format_edits(before, kIndent));
  }

  void visit_bake(const std::string& path, const std::string& before) {
    const project::hcl::File parsed = project::hcl::parse_hcl(path, before);
    if (!parsed.failures.empty()) return refuse(parsed.failures.front());
    change_if_other(path, before, project::hcl::format_edits(before, std::string(kIndent, ' ')));
  }

  void refuse(const text::Failure& failure) {
    fail(fmt::format("{}:{}:{}: {}; the file is not formatted", failure.path, failure.line, failure.column,
                     failure.message));
  }

  void change_if_other(const std::string& path, const std::string& before,
                       const std::vector<text::Edit>& edits) {
    if (const std::string after = text::apply(before, edits); after != before)
      change(path, before, after, false);
  }

  void change(const std::string& path, const std::string& before, const std::string& after, bool filter) {
    ++changed_;
    if (options_.diff) changes_.push_back({path, before, after});
    if (options_.check && !options_.diff) out_ += fmt::format("{}\n", path == "-" ? "<stdin>" : path);
    if (filter || options_.check || options_.diff) return;
    if (const std::string failure = text::replace_file(path, before, after); !failure.empty()) {
      fail(failure);
    } else {
      ++written_;
    }
  }

  static constexpr uint32_t kIndent = 2;

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
  command.arguments(
      "PATH", options->paths,
      "Dockerfiles, Compose or bake files, or folders to search for Dockerfiles; - for standard input "
      "(default: the current folder)");
  command.flag("--check", options->check, "Change nothing: print the files that would change");
  command.flag("--diff", options->diff, "Change nothing: print what would change, as a patch");
  command.flag("--no-gitignore", options->no_gitignore, "Search folders for files that git ignores, too");
  command.notes =
      "Compose and bake files get two spaces for each level; only what is between values and keys changes. "
      "Comments, heredocs and the text of commands stay as they are. Cache keys stay the same too, except of "
      "steps that copy the Dockerfile itself. A file that no builder accepts is not changed.";
  command.examples =
      "  dcache format\n"
      "  dcache format --check services\n"
      "  dcache format compose.yaml docker-bake.hcl\n"
      "  dcache format - <Dockerfile";
  command.exit_status =
      "0, or 1 with --check or --diff if a file would change, or 2 if a file can't be read or has a syntax "
      "error.";
  command.run = [options] { return Session(*options).run(); };
  return command;
}

}  // namespace dcache::cli

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "cli/build_options.h"
#include "cli/commands.h"
#include "cli/dockerfiles.h"
#include "cli/terminal.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/report/findings.h"
#include "dcache/text/file_io.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/suggest.h"
#include "dcache/threads/share.h"

namespace dcache::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> paths;
  std::string format = "text";
  std::string profile;
  std::vector<std::string> select;
  std::vector<std::string> ignore;
  std::string fail_on;
  std::string config;
  std::string context;
  bool fix = false;
  bool unsafe_fixes = false;
  bool diff = false;
};

// Configuration by file, each read once, with the options of the command line on top, and the linter for it.
// Used from many threads.
class Linters {
 public:
  explicit Linters(const Options& options)
      : options_(options), names_(lint::known_names(lint::catalogue())) {}

  // False, with a word on standard error, if an option names what is not there.
  bool check_options() const {
    const auto known = [&](const std::vector<std::string>& list, std::string_view option) {
      return std::all_of(list.begin(), list.end(), [&](const std::string& rule) {
        if (lint::find_rule(lint::catalogue(), rule) != nullptr) return true;
        const std::string_view near = text::closest(rule, names_);
        complain(fmt::format(
            "{}: there is no rule '{}'; {}", option, rule,
            near.empty() ? "dcache rules lists what there is" : fmt::format("did you mean '{}'?", near)));
        return false;
      });
    };
    return known(options_.select, "--select") && known(options_.ignore, "--ignore");
  }

  struct Entry {
    lint::Config config;
    std::optional<lint::Linter> linter;  // nothing if the file can't be used
    std::string failure;
  };

  const Entry& of(const std::string& dockerfile) {
    const std::string folder = dockerfile == "-" ? "." : std::string(text::parent_path(dockerfile));
    const std::scoped_lock lock(mutex_);
    const auto [known, fresh] = by_folder_.try_emplace(folder);
    if (fresh)
      known->second = &of_file(options_.config.empty() ? lint::find_config(folder) : options_.config);
    return *known->second;
  }

 private:
  Entry& of_file(const std::string& path) {
    const auto [known, fresh] = by_file_.try_emplace(path);
    Entry& entry = known->second;
    if (!fresh) return entry;
    entry.failure = read(path, entry.config);
    if (entry.failure.empty()) entry.linter.emplace(lint::catalogue(), entry.config);
    return entry;
  }

  // Gives what went wrong.
  std::string read(const std::string& path, lint::Config& config) const {
    if (!path.empty()) {
      const auto text = text::read_file(path);
      if (!text) return text.error();
      auto from_file = lint::read_config(*text, names_);
      if (!from_file) {
        const lint::ConfigError& error = from_file.error();
        return words_of({path, error.line, error.column, error.message, error.remedy});
      }
      config = std::move(*from_file);
    }
    if (!options_.profile.empty()) config.profile = *lint::profile_of(options_.profile);
    if (!options_.select.empty()) config.select = options_.select;
    config.ignore.insert(config.ignore.end(), options_.ignore.begin(), options_.ignore.end());
    if (!options_.fail_on.empty()) config.fail_on = lint::level_of(options_.fail_on);
    return {};
  }

  const Options& options_;
  std::vector<std::string_view> names_;
  std::mutex mutex_;
  std::map<std::string, Entry> by_file_;
  std::map<std::string, const Entry*> by_folder_;
};

// The files around Dockerfiles. A folder is walked once for all Dockerfiles in it that have the same ignore
// file.
class AllSurroundings {
 public:
  lint::Subject::LoadSurroundings of(const std::string& dockerfile, const std::string& context) {
    if (dockerfile == "-" && context.empty()) return {};
    const std::string folder = context.empty() ? std::string(text::parent_path(dockerfile)) : context;
    return [this, dockerfile, folder] { return load(dockerfile, folder); };
  }

 private:
  // A folder is walked by the first who asks; others wait for it, but not those who ask for another folder.
  struct Known {
    std::once_flag walked;
    std::shared_ptr<const lint::Surroundings> surroundings;
  };

  std::shared_ptr<const lint::Surroundings> load(const std::string& dockerfile, const std::string& folder) {
    auto ignore = cache::load_ignore_file(dockerfile, folder);
    if (!ignore) return nullptr;
    Known* known = nullptr;
    {
      const std::scoped_lock lock(mutex_);
      known = &known_[{folder, ignore->path}];
    }
    std::call_once(known->walked, [&] { known->surroundings = walk(folder, std::move(*ignore)); });
    return known->surroundings;
  }

  static std::shared_ptr<const lint::Surroundings> walk(const std::string& folder, cache::IgnoreFile ignore) {
    auto walk = context::walk(folder, ignore.matcher);
    if (!walk) return nullptr;
    auto around = std::make_shared<lint::Surroundings>();
    around->folder = folder;
    around->suggested_ignore_file = text::join_path(folder, ".dockerignore");
    around->ignore_file = ignore.path;
    around->ignore = std::move(ignore.matcher);
    around->files = std::move(walk->snapshot);
    return around;
  }

  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Known> known_;
};

// What came of one file.
struct Linted {
  std::vector<std::string> complaints;  // for standard error
  std::string text;                     // a diff or a mended text, which takes the place of the report
  std::optional<report::FilePart> part;
  bool failed = false;
  bool above_threshold = false;
};

class Session {
 public:
  explicit Session(const Options& options) : options_(options), linters_(options) {}

  int run() {
    if (!linters_.check_options()) return kError;
    const std::vector<std::string> paths = find_dockerfiles(options_.paths);
    const bool fixes_input =
        options_.fix && std::find(paths.begin(), paths.end(), std::string("-")) != paths.end();
    const bool reports = !options_.diff && !fixes_input;
    report_ = make_report();
    std::string out;
    std::set<std::string> said;  // a configuration that can't be read is complained of once
    if (reports) report_->begin(out);
    // Fixes may write a file that belongs to several Dockerfiles: one after the other.
    const size_t helpers = options_.fix ? 0 : threads::helpers_for(paths.size(), kFilesPerThread);
    int status = kOk;
    threads::in_order(
        paths.size(), helpers, [&](size_t i) { return lint_file(paths[i]); },
        [&](Linted linted) {
          for (const std::string& complaint : linted.complaints) {
            if (said.insert(complaint).second) complain(complaint);
          }
          out += linted.text;
          if (reports && linted.part) report_->add(std::move(*linted.part), out);
          status = std::max<int>(status, linted.failed ? kError : linted.above_threshold ? kFindings : kOk);
          if (out.size() > kOutputPiece) print_and_clear(out);
        });
    if (reports) report_->end(out);
    print_and_clear(out);
    return status;
  }

 private:
  static constexpr size_t kFilesPerThread = 32;
  static constexpr size_t kOutputPiece = size_t{1} << 16U;

  std::unique_ptr<report::FindingsReport> make_report() const {
    if (options_.format == "json") return report::findings_json();
    if (options_.format != "sarif") return report::findings_text(report::Style(use_colour()));
    std::string current = current_folder();
    std::string root = repository_root(current);
    return report::findings_sarif(lint::catalogue(), std::move(root), std::move(current));
  }

  Linted lint_file(const std::string& path) {
    Linted linted;
    const Linters::Entry& entry = linters_.of(path);
    auto source = text::read_file(path);
    if (!entry.failure.empty()) linted.complaints.push_back(entry.failure);
    if (!source) linted.complaints.push_back(source.error());
    if (!entry.linter || !source) {
      linted.failed = true;
      return linted;
    }
    const auto load = surroundings_.of(path, options_.context);
    if ((options_.fix || options_.diff) && !fix(path, *source, *entry.linter, load, linted))
      linted.failed = true;
    const dockerfile::File file = dockerfile::parse(std::move(*source));
    const lint::Findings findings = entry.linter->lint(file, load);
    linted.failed = linted.failed || !findings.parses;
    const auto& fail_on = entry.config.fail_on;
    linted.above_threshold =
        fail_on && std::any_of(findings.diagnostics.begin(), findings.diagnostics.end(),
                               [&](const lint::Diagnostic& d) { return d.level >= *fail_on; });
    linted.part = report_->part({path == "-" ? "<stdin>" : path, &file, &findings});
    return linted;
  }

  // Mends the file, or shows how; with --fix `source` becomes the mended text.
  bool fix(const std::string& path, std::string& source, const lint::Linter& linter,
           const lint::Subject::LoadSurroundings& load, Linted& linted) const {
    lint::FixedText fixed = lint::apply_fixes(linter, source, load, options_.unsafe_fixes);
    if (options_.diff) {
      linted.text = text::unified_diff(source, fixed.text, path, path);
      for (const lint::Fix& file : fixed.new_files) {
        linted.text += text::unified_diff("", file.new_file_content, "/dev/null", file.new_file);
      }
      return true;
    }
    if (path == "-") {
      linted.text = fixed.text;
      source = std::move(fixed.text);
      return true;
    }
    std::string failure = fixed.text == source ? "" : text::write_file_atomically(path, fixed.text);
    for (const lint::Fix& file : fixed.new_files) {
      if (failure.empty()) failure = text::write_file_atomically(file.new_file, file.new_file_content);
    }
    if (!failure.empty()) {
      linted.complaints.push_back(failure);
      return false;
    }
    if (fixed.fixed > 0) {
      linted.complaints.push_back(fmt::format(
          "{}: {} mended", path, fixed.fixed == 1 ? "1 finding" : fmt::format("{} findings", fixed.fixed)));
    }
    source = std::move(fixed.text);
    return true;
  }

  // The nearest folder with a .git in or above `folder`; `folder` itself outside a repository.
  static std::string repository_root(const std::string& folder) {
    std::error_code failure;
    for (fs::path at = folder; !at.empty(); at = at.parent_path()) {
      if (fs::exists(at / ".git", failure)) return at.string();
      if (at == at.parent_path()) break;
    }
    return folder;
  }

  const Options& options_;
  Linters linters_;
  AllSurroundings surroundings_;
  std::unique_ptr<report::FindingsReport> report_;
};

}  // namespace

void add_lint(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("lint", "Find what makes builds slower or worse than they have to be");
  options->paths = {"."};
  command->add_option("paths", options->paths, "Dockerfiles, folders to search, or - for standard input")
      ->capture_default_str();
  command->add_option("--format", options->format, "Output format")
      ->check(CLI::IsMember({"text", "json", "sarif"}))
      ->capture_default_str();
  command->add_option("--profile", options->profile, "Which rules run")
      ->check(CLI::IsMember({"default", "cache", "buildkit", "hadolint", "all"}));
  command->add_option("--select", options->select, "Run exactly these rules, by code or name")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--ignore", options->ignore, "Leave out these rules")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--fail-on", options->fail_on, "Exit with 1 from this level on (default: warning)")
      ->check(CLI::IsMember({"error", "warning", "info", "style", "none"}));
  command->add_flag("--fix", options->fix, "Mend what can be mended safely");
  command->add_flag("--unsafe-fixes", options->unsafe_fixes,
                    "With --fix or --diff: also fixes that may change the image");
  command->add_flag("--diff", options->diff, "Print what --fix would change, and change nothing");
  command->add_option("--config", options->config,
                      "Configuration file (default: the nearest .dcache.toml above the Dockerfile)");
  command->add_option("--context", options->context, "The build context (default: the Dockerfile's folder)");
  command->footer(
      "Examples:\n"
      "  dcache lint Dockerfile\n"
      "  dcache lint --format sarif services/ > dcache.sarif\n"
      "  dcache lint --diff --select DC1001 Dockerfile\n"
      "  docker-templater | dcache lint -\n\n"
      "A comment '# dcache ignore=CODE the reason' silences a rule for the next instruction.\n"
      "`dcache rules CODE` explains a rule.\n\n"
      "Exit status: 0 nothing at or above --fail-on, 1 findings, 2 wrong use, unreadable input or a\n"
      "Dockerfile that no builder accepts.");
  command->callback([options, &action] { action = [options] { return Session(*options).run(); }; });
}

}  // namespace dcache::cli

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

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

// Configuration by file, each read once, with the options of the command line on top.
class Configs {
 public:
  explicit Configs(const Options& options)
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

  // Null, with a word on standard error, if the file can't be used.
  const lint::Config* of(const std::string& dockerfile) {
    const std::string folder = dockerfile == "-" ? "." : std::string(text::parent_path(dockerfile));
    const std::string path = options_.config.empty() ? lint::find_config(folder) : options_.config;
    const auto [entry, fresh] = read_.try_emplace(path);
    if (fresh) entry->second = read(path);
    return entry->second ? &*entry->second : nullptr;
  }

 private:
  std::optional<lint::Config> read(const std::string& path) const {
    lint::Config config;
    if (!path.empty()) {
      const auto text = text::read_file(path);
      if (!text) {
        complain(text.error());
        return std::nullopt;
      }
      auto from_file = lint::read_config(*text, names_);
      if (!from_file) {
        complain_of({{path, from_file.error().line, from_file.error().column, from_file.error().message,
                      from_file.error().remedy}});
        return std::nullopt;
      }
      config = std::move(*from_file);
    }
    if (!options_.profile.empty()) config.profile = *lint::profile_of(options_.profile);
    if (!options_.select.empty()) config.select = options_.select;
    config.ignore.insert(config.ignore.end(), options_.ignore.begin(), options_.ignore.end());
    if (!options_.fail_on.empty()) config.fail_on = lint::level_of(options_.fail_on);
    return config;
  }

  const Options& options_;
  std::vector<std::string_view> names_;
  std::map<std::string, std::optional<lint::Config>> read_;
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
  std::shared_ptr<const lint::Surroundings> load(const std::string& dockerfile, const std::string& folder) {
    auto ignore = cache::load_ignore_file(dockerfile, folder);
    if (!ignore) return nullptr;
    const auto [entry, fresh] = known_.try_emplace({folder, ignore->path});
    if (fresh) entry->second = walk(folder, *ignore);
    return entry->second;
  }

  static std::shared_ptr<const lint::Surroundings> walk(const std::string& folder,
                                                        const cache::IgnoreFile& ignore) {
    auto walk = context::walk(folder, ignore.matcher);
    if (!walk) return nullptr;
    auto around = std::make_shared<lint::Surroundings>();
    around->folder = folder;
    around->suggested_ignore_file = text::join_path(folder, ".dockerignore");
    around->ignore_file = ignore.path;
    around->files = std::move(walk->snapshot);
    return around;
  }

  std::map<std::pair<std::string, std::string>, std::shared_ptr<const lint::Surroundings>> known_;
};

// One linted file, with all that a report points to.
struct Linted {
  std::string path;
  std::unique_ptr<dockerfile::File> file;
  lint::Findings findings;
};

class Session {
 public:
  explicit Session(const Options& options) : options_(options), configs_(options) {}

  int run() {
    if (!configs_.check_options()) return kError;
    for (const std::string& path : find_dockerfiles(options_.paths))
      lint_file(path);
    if (!printed_text_) report();
    print_and_clear(out_);
    if (failed_) return kError;
    return above_threshold_ ? kFindings : kOk;
  }

 private:
  void lint_file(const std::string& path) {
    const lint::Config* config = configs_.of(path);
    auto source = text::read_file(path);
    if (!source) complain(source.error());
    if (config == nullptr || !source) {
      failed_ = true;
      return;
    }
    const lint::Linter linter(lint::catalogue(), *config);
    const auto load = surroundings_.of(path, options_.context);
    if ((options_.fix || options_.diff) && !fix(path, *source, linter, load)) failed_ = true;
    Linted linted{path == "-" ? "<stdin>" : path,
                  std::make_unique<dockerfile::File>(dockerfile::parse(std::move(*source))),
                  {}};
    linted.findings = linter.lint(*linted.file, load);
    failed_ = failed_ || !linted.findings.parses;
    for (const lint::Diagnostic& diagnostic : linted.findings.diagnostics) {
      above_threshold_ = above_threshold_ || (config->fail_on && diagnostic.level >= *config->fail_on);
    }
    linted_.push_back(std::move(linted));
  }

  // Mends the file, or shows how; with --fix `source` becomes the mended text.
  bool fix(const std::string& path, std::string& source, const lint::Linter& linter,
           const lint::Subject::LoadSurroundings& load) {
    lint::FixedText fixed = lint::apply_fixes(linter, source, load, options_.unsafe_fixes);
    if (options_.diff) {
      printed_text_ = true;
      out_ += text::unified_diff(source, fixed.text, path, path);
      for (const lint::Fix& file : fixed.new_files) {
        out_ += text::unified_diff("", file.new_file_content, "/dev/null", file.new_file);
      }
      return true;
    }
    if (path == "-") {
      printed_text_ = true;
      out_ += fixed.text;
      source = std::move(fixed.text);
      return true;
    }
    std::string failure = fixed.text == source ? "" : text::write_file_atomically(path, fixed.text);
    for (const lint::Fix& file : fixed.new_files) {
      if (failure.empty()) failure = text::write_file_atomically(file.new_file, file.new_file_content);
    }
    if (!failure.empty()) {
      complain(failure);
      return false;
    }
    if (fixed.fixed > 0)
      complain(fmt::format("{}: {} mended", path,
                           fixed.fixed == 1 ? "1 finding" : fmt::format("{} findings", fixed.fixed)));
    source = std::move(fixed.text);
    return true;
  }

  void report() {
    std::vector<report::FileFindings> files;
    for (const Linted& linted : linted_)
      files.push_back({linted.path, linted.file.get(), &linted.findings});
    if (options_.format == "json") {
      report::append_findings_json(files, out_);
    } else if (options_.format == "sarif") {
      const std::string current = current_folder();
      report::append_findings_sarif(files, lint::catalogue(), repository_root(current), current, out_);
    } else {
      report::append_findings_text(files, report::Style(use_colour()), out_);
    }
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
  Configs configs_;
  AllSurroundings surroundings_;
  std::vector<Linted> linted_;
  std::string out_;
  bool printed_text_ = false;  // a diff or a mended text took the place of the report
  bool failed_ = false;
  bool above_threshold_ = false;
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

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/found_templates.h"
#include "cli/held_output.h"
#include "cli/lint_changes.h"
#include "cli/lint_inputs.h"
#include "cli/lint_options.h"
#include "cli/lint_reports.h"
#include "cli/lint_settings.h"
#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/context/boundary.h"
#include "dcache/context/disk.h"
#include "dcache/context/watched_files.h"
#include "dcache/dockerfile/check.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/lint/fixes.h"
#include "dcache/lint/inline_text.h"
#include "dcache/lint/linters.h"
#include "dcache/observe/durations.h"
#include "dcache/project/file_kinds.h"
#include "dcache/project/yaml.h"
#include "dcache/report/baseline.h"
#include "dcache/report/findings.h"
#include "dcache/report/places.h"
#include "dcache/text/edit.h"
#include "dcache/text/failure.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/system.h"
#include "dcache/text/system_path.h"
#include "dcache/text/write_file.h"
#include "dcache/threads/share.h"

namespace dcache::cli {
namespace {

namespace fs = std::filesystem;

// What came of one file.
struct FileResult {
  std::string path;
  std::vector<std::string> complaints;    // for standard error
  std::string text;                       // a fixed text, which is printed instead of the report
  std::vector<report::FilePart> parts;    // one for each report
  std::vector<std::string> fingerprints;  // for a new baseline
  std::string place;                      // the path as a baseline has it
  std::optional<lint::Impact> impact;     // the largest of its findings
  bool failed = false;
  bool above_threshold = false;
};

class Session {
 public:
  explicit Session(const LintOptions& options)
      : options_(options),
        files_(make_disk()),
        settings_(options, *files_),
        linters_(lint::catalogue(), settings_.linters()),
        project_(project_options_of(options.build)),
        images_(std::make_shared<project::ImageFinder>(finder_options(project_))),
        inputs_(options, *files_, images_),
        durations_(observe::Durations::open(store_folder())),
        facts_(make_facts()) {}

  // Whether there was something to lint.
  bool has_inputs() const { return has_inputs_; }

  // With --watch: a sentence about something that the findings rest on and that is not as it was; nothing if
  // all is.
  std::optional<std::string> change() const {
    const auto path = watched_->changed();
    if (!path)
      return inputs_.names() == inputs_.found() ? std::nullopt
                                                : std::optional("there are other files to lint");
    if (!fs::exists(text::system_path(*path))) return *path + " was removed";
    return fs::is_directory(text::system_path(*path)) ? "files were added to " + *path + " or removed"
                                                      : *path + " changed";
  }

  int run() {
    if (!settings_.check() || !check_options()) return kError;
    if (options_.show_config) return show_config();
    const auto inputs = project_ ? inputs_.find(failed_) : std::nullopt;
    if (!inputs) return kError;
    has_inputs_ = true;
    const bool fixes_input =
        options_.writes_files() && std::ranges::find(*inputs, "-", &LintInput::path) != inputs->end();
    // Who records findings wants no list of them, unless a format is given.
    const bool records =
        !options_.new_baseline.empty() && options_.formats.empty() && options_.output.empty();
    const bool reports = !options_.diff && !fixes_input && !records;
    if ((reports && !reports_.open(options_, settings_.note())) || !read_baseline()) return kError;
    std::set<std::string> said;  // a configuration that can't be read is complained of once
    std::string out;
    std::vector<FileResult> all;  // of a report by impact
    int status = failed_ ? kError : kOk;
    const auto take = [&](FileResult linted) {
      for (const std::string& complaint : linted.complaints) {
        if (said.insert(complaint).second) complain(complaint);
      }
      out += linted.text;
      for (std::string& fingerprint : linted.fingerprints)
        new_baseline_.add(linted.place, std::move(fingerprint));
      status = std::max<int>(status, linted.failed ? kError : linted.above_threshold ? kFindings : kOk);
      if (out.size() > kOutputPiece) print_file_and_clear(out);
      if (options_.by_impact) {
        all.push_back(std::move(linted));
      } else {
        reports_.add(std::move(linted.parts));
      }
    };
    if (options_.writes_files()) {
      // Fixes may write a file that belongs to several Dockerfiles: one after the other.
      for (const LintInput& input : *inputs)
        take(lint_file(input, Pass::kChanges));
      forget_files();
    }
    const size_t helpers = options_.diff ? 0 : threads::helpers_for(inputs->size(), kFilesPerThread);
    threads::in_order(
        inputs->size(), helpers, [&](size_t i) { return lint_file((*inputs)[i], Pass::kFindings); }, take);
    if (options_.diff) out = changes_.diff();
    print_file_and_clear(out);
    report_by_impact(all);
    if (!check_definitions()) status = kError;
    if (!check_ignore_files(said)) status = kError;
    warn_of_unread(said);
    if (!reports_.finish()) return kError;
    return write_baseline(status);
  }

 private:
  static constexpr size_t kFilesPerThread = 32;

  // A run that writes files does it to all of them before it looks for what is left: a fix of one Dockerfile
  // may write an ignore file, which counts for findings in others.
  enum class Pass : uint8_t { kChanges, kFindings };

  bool check_options() const {
    std::string_view wrong;
    if (!options_.add_ignores.empty() && options_.paths.empty() &&
        fs::exists(text::system_path(options_.add_ignores))) {
      wrong = "--add-ignores takes a reason, and then the files: --add-ignores REASON PATH";
    } else if (!options_.add_ignores.empty() && !(options_.baseline + options_.new_baseline).empty()) {
      wrong = "--add-ignores silences findings in their files, and a baseline in a file of its own: use one";
    } else if (options_.watch && (options_.changes_texts() || !options_.new_baseline.empty())) {
      wrong = "--watch only reports: --fix, --diff, --add-ignores and --make-baseline run once";
    } else if (options_.watch && inputs_.is_named("-")) {
      wrong = "--watch needs files, and standard input is none";
    }
    if (!wrong.empty()) complain(wrong);
    return wrong.empty();
  }

  std::unique_ptr<lint::BuildFactsFinder> make_facts() const {
    return std::make_unique<lint::BuildFactsFinder>(files_, images_, seconds());
  }

  // After files were written: contexts and definitions are read again.
  void forget_files() {
    images_ = std::make_shared<project::ImageFinder>(finder_options(project_));
    images_->add(inputs_.definitions());
    facts_ = make_facts();
  }

  // Empty if no durations are kept: most users have none.
  lint::BuildFactsFinder::Seconds seconds() const {
    if (durations_.is_empty()) return {};
    return [this](const std::string& dockerfile, const plan::Graph& graph, size_t step) {
      return durations_.find(observe::Durations::key_of(graph, step, text::real_path(dockerfile)));
    };
  }

  project::ProjectOptions finder_options(const std::optional<project::ProjectOptions>& given) {
    project::ProjectOptions options = given.value_or(project::ProjectOptions());
    options.read.files = files_;
    options.build = {};  // --context is told to the rules, and needs no definition
    options.builder = options_.rules.builder;
    options.configured_builder = [this](const std::string& dockerfile) {
      return linters_.of(dockerfile).given.builder;
    };
    return options;
  }

  // A definition that can't be read leaves contexts to guesses. False if it was named, or is of our settings;
  // of others that a search finds, which may be fixtures of tests, only those who ask for it are told.
  bool check_definitions() const {
    bool well = true;
    for (const text::Failure& failure : images_->failures()) {
      const bool is_ours =
          !options_.build.definitions.empty() || text::base_name(failure.path) == project::kSettingsName;
      if (is_ours || options_.verbose) complain((is_ours ? "" : "warning: ") + text::words_of(failure));
      well = well && !is_ours;
    }
    return well;
  }

  // Where an ignore file of a context can't be read. The search may have `said` it.
  bool check_ignore_files(std::set<std::string>& said) const {
    const std::vector<text::Failure> failures = facts_->failures();
    for (const text::Failure& failure : failures) {
      if (said.insert(text::words_of(failure)).second) complain(text::words_of(failure));
    }
    return failures.empty();
  }

  // What rules wanted to know of files that can't be read, and that nothing else told of.
  void warn_of_unread(const std::set<std::string>& said) const {
    for (const std::string& problem : unread_) {
      const auto is_told = [&](const std::string& one) { return one.find(problem) != std::string::npos; };
      if (std::ranges::none_of(said, is_told))
        complain(fmt::format("warning: {}; findings that rest on it may be wrong", problem));
    }
  }

  std::shared_ptr<const context::FileSystem> make_disk() {
    context::DiskOptions options = disk_of(options_);
    options.remembers = !options_.writes_files() && !options_.watch;
    if (options_.writes_files()) {
      options.note = [this](const std::string& path, const std::string& text) { changes_.note(path, text); };
    }
    options.refused = [this](const std::string& path, const std::string& problem) {
      if (('/' + path).find("/.git/") != std::string::npos) return;  // nobody expects them to be read
      const std::scoped_lock lock(unread_mutex_);
      unread_.insert(problem);
    };
    auto disk = context::disk_with(std::move(options));
    if (options_.diff) return changes_.seen_over(std::move(disk));
    if (!options_.watch) return disk;
    watched_ = std::make_shared<context::WatchedFiles>(std::move(disk));
    return watched_;
  }

  // What holds for the first path.
  int show_config() {
    const std::string path = options_.paths.empty() ? "." : options_.paths.front();
    std::error_code failure;
    if (path != "-" && !fs::exists(text::system_path(path), failure)) {
      complain(path + " does not exist");
      return kError;
    }
    const std::string file =
        fs::is_directory(text::system_path(path)) ? text::join_path(path, "Dockerfile") : path;
    const lint::Linters::Entry& entry = linters_.of(file);
    if (entry.failure) {
      complain(text::words_of(*entry.failure));
      return kError;
    }
    for (const cache::Failure& note : entry.notes)
      complain("note: " + text::words_of(note));
    std::string out = entry.path.empty() ? "# no configuration file\n"
                                         : fmt::format("# from {}\n", report::printable(entry.path));
    std::vector<lint::ConfigLayer> layers = linters_.layers_of(file);
    settings_.add_layers(layers);
    add_builder_of(file, layers);
    out += lint::to_toml_with_origins(layers);
    print_and_clear(out);
    return kOk;
  }

  // The builder that definitions name for a Dockerfile, where nobody else does.
  void add_builder_of(const std::string& file, std::vector<lint::ConfigLayer>& layers) {
    if (layers.back().config.builder || !images_) return;
    for (const project::Image& image : images_->defined(file)) {
      if (!image.target.builder) continue;
      layers.push_back({report::printable(image.origin().path), layers.back().config});
      layers.back().config.builder = image.target.builder;
      return;
    }
  }

  FileResult lint_file(const LintInput& input, Pass pass) {
    if (input.image != nullptr && input.image->build.dockerfile_text)
      return pass == Pass::kChanges ? FileResult() : lint_inline(*input.image, input);
    const std::string& path = input.path;
    FileResult linted;
    linted.path = path;
    const lint::Linters::Entry& entry = linters_.of(path);
    auto source = read_input(path);
    if (entry.failure) linted.complaints.push_back(text::words_of(*entry.failure));
    for (const cache::Failure& note : entry.notes)
      linted.complaints.push_back("note: " + text::words_of(note));
    if (!source) linted.complaints.push_back(source.error());
    if (!entry.linter || !source) {
      linted.failed = true;
      return linted;
    }
    if (entry.excluded && !inputs_.is_named(path)) return linted;
    if (const auto kind = kind_of(path)) {
      lint_related(path, *kind, *source, entry, pass, linted);
    } else {
      lint_dockerfile(input, *source, entry, pass, linted);
    }
    return linted;
  }

  // Standard input is read once, and is what a fix made of it after that.
  tl::expected<std::string, std::string> read_input(const std::string& path) {
    if (path != "-") return files_->read(path);
    if (!standard_input_) standard_input_ = text::read_file(path);
    return *standard_input_;
  }

  static std::optional<lint::RelatedFileKind> kind_of(const std::string& path) {
    const bool yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    return lint::related_file_kind(yaml ? context::absolute_path(path) : path);
  }

  void lint_dockerfile(const LintInput& input, const std::string& source, const lint::Linters::Entry& entry,
                       Pass pass, FileResult& linted) {
    const std::string& path = input.path;
    const auto facts = path == "-" && options_.build.context.empty()
                           ? lint::BuildFacts()
                           : facts_->of(path, options_.build.context, input.image);
    const auto make_fixed = [&] {
      lint::FixedText fixed = options_.applies_fixes()
                                  ? lint::apply_fixes(*entry.linter, source, facts, options_.unsafe_fixes)
                                  : lint::FixedText{.text = source};
      if (!options_.add_ignores.empty()) lint::add_ignores(*entry.linter, facts, options_.add_ignores, fixed);
      return fixed;
    };
    const dockerfile::File file = dockerfile::parse(source);
    if (input.image == nullptr && !inputs_.is_named(path) && templates_.contain(path, file)) {
      if (options_.verbose)
        linted.complaints.push_back(
            fmt::format("{} is left out: it is a template of a Dockerfile; name it to lint it", path));
      return;
    }
    if (pass == Pass::kChanges || options_.diff) change(path, source, make_fixed, linted);
    if (pass == Pass::kChanges) return;
    report(path, file.text(), entry.linter->lint(file, facts), entry, linted);
  }

  // A Dockerfile that is a part of a definition. What is found is told where it is written there; fixes are
  // for files.
  FileResult lint_inline(const project::Image& image, const LintInput& input) {
    const project::Origin& origin = image.origin();
    FileResult linted;
    linted.path = origin.path;
    const lint::Linters::Entry& entry = linters_.of(origin.path);
    const auto definition = files_->read(origin.path);
    if (entry.failure) linted.complaints.push_back(text::words_of(*entry.failure));
    if (!definition) linted.complaints.push_back(definition.error());
    if (!entry.linter || !definition) {
      linted.failed = true;
      return linted;
    }
    const std::string& text = *image.build.dockerfile_text;
    const lint::InlineText place(*definition, text, origin.line);
    const auto facts = facts_->of(input.path, options_.build.context, input.image);
    const dockerfile::File file = dockerfile::parse(text);
    lint::Findings findings = entry.linter->lint(file, facts);
    for (lint::Diagnostic& diagnostic : findings.diagnostics)
      move_into(place, diagnostic);
    for (lint::SuppressedDiagnostic& silenced : findings.silenced)
      move_into(place, silenced.diagnostic);
    findings.bad_fixes.clear();
    report(origin.path, {place.definition(), place.lines()}, std::move(findings), entry, linted);
    return linted;
  }

  static void move_into(const lint::InlineText& place, lint::Diagnostic& diagnostic) {
    diagnostic.span = place.place_of(diagnostic.span);
    if (diagnostic.focus) diagnostic.focus = place.place_of(*diagnostic.focus);
    diagnostic.decided_by.reset();
    diagnostic.fix.reset();
  }

  // The definition of a CI service that somebody names has to be one. Of those that a search finds, the
  // service says what is wrong.
  void check_yaml(const std::string& path, lint::RelatedFileKind kind, const std::string& source,
                  FileResult& linted) const {
    if (kind == lint::RelatedFileKind::kIgnoreFile || !inputs_.is_named(path)) return;
    const project::yaml::Documents documents = project::yaml::parse(source, path);
    if (!documents.values.empty() || documents.failures.empty()) return;
    linted.complaints.push_back(text::words_of(documents.failures.front()));
    linted.failed = true;
  }

  void lint_related(const std::string& path, lint::RelatedFileKind kind, std::string& source,
                    const lint::Linters::Entry& entry, Pass pass, FileResult& linted) {
    check_yaml(path, kind, source, linted);
    const std::string place = context::absolute_path(path);
    const auto facts = kind == lint::RelatedFileKind::kIgnoreFile
                           ? facts_->within(path, source, options_.build.context)
                           : lint::BuildFacts();
    const auto make_fixed = [&] {
      lint::FixedText fixed =
          options_.applies_fixes()
              ? lint::apply_fixes(*entry.linter, kind, place, source, facts, options_.unsafe_fixes, *files_)
              : lint::FixedText{.text = source};
      if (!options_.add_ignores.empty())
        lint::add_ignores(*entry.linter, kind, place, facts, options_.add_ignores, fixed, *files_);
      return fixed;
    };
    if (pass == Pass::kChanges || options_.diff) change(path, source, make_fixed, linted);
    if (pass == Pass::kChanges) return;
    lint::RelatedFile related(kind, place, std::move(source), facts, *files_);
    report(path, related.text(), entry.linter->lint(related), entry, linted);
  }

  void report(const std::string& path, const text::Document& text, lint::Findings findings,
              const lint::Linters::Entry& entry, FileResult& linted) const {
    compare_with_baseline(path, text, findings, linted);
    const size_t stay = findings.diagnostics.size();
    if (!options_.add_ignores.empty() && !options_.diff && stay > 0)
      linted.complaints.push_back(fmt::format("{}: {} cannot be silenced with a comment", path,
                                              stay == 1 ? "1 finding" : fmt::format("{} findings", stay)));
    complain_of(findings.bad_fixes, path, linted);
    if (findings.lacks_shellcheck) {
      linted.complaints.push_back(
          fmt::format("warning: {}: ShellCheck gave no answer, or none within 5 seconds, so mistakes in the "
                      "scripts of RUN are not reported",
                      path));
    }
    if (options_.by_impact) sort_by_impact(findings, linted);
    linted.failed = linted.failed || !findings.parses;
    const auto& fail_on = entry.config.fail_on;
    linted.above_threshold =
        fail_on && std::any_of(findings.diagnostics.begin(), findings.diagnostics.end(),
                               [&](const lint::Diagnostic& d) { return d.level >= *fail_on; });
    linted.parts = reports_.parts({path == "-" ? "<stdin>" : path, text, &findings});
  }

  static void sort_by_impact(lint::Findings& findings, FileResult& linted) {
    std::ranges::stable_sort(findings.diagnostics, lint::gains_more, &lint::Diagnostic::impact);
    if (!findings.diagnostics.empty()) linted.impact = findings.diagnostics.front().impact;
  }

  // The files whose findings cost the most first.
  void report_by_impact(std::vector<FileResult>& all) {
    std::ranges::stable_sort(all, lint::gains_more, &FileResult::impact);
    for (FileResult& linted : all)
      reports_.add(std::move(linted.parts));
  }

  // What a new baseline contains does not count as a failure.
  int write_baseline(int status) const {
    if (options_.new_baseline.empty()) return status;
    if (!write_output(options_.new_baseline, new_baseline_.to_json())) return kError;
    const size_t count = new_baseline_.size();
    complain(fmt::format("{} recorded in {}", count == 1 ? "1 finding" : fmt::format("{} findings", count),
                         options_.new_baseline));
    return status == kError ? kError : kOk;
  }

  // False, with a word on standard error, if there is none that can be used.
  bool read_baseline() {
    if (options_.baseline.empty()) return true;
    const auto text = text::read_file(options_.baseline);
    auto baseline = text ? report::Baseline::read(*text) : tl::unexpected(text.error());
    if (!baseline) {
      complain(text ? fmt::format("{}: {}", options_.baseline, baseline.error()) : baseline.error());
      return false;
    }
    baseline_ = std::move(*baseline);
    return true;
  }

  // Silences what the baseline knows, or notes all for a new one.
  void compare_with_baseline(const std::string& path, const text::Document& file, lint::Findings& findings,
                             FileResult& linted) const {
    const std::string& where = options_.new_baseline.empty() ? options_.baseline : options_.new_baseline;
    if (where.empty()) return;
    linted.place = report::Baseline::name_of(path, where);
    linted.fingerprints = report::silence_known(baseline_, linted.place, file, findings);
  }

  // Gives the file the text that `make_fixed` makes, or shows how.
  void change(const std::string& path, const std::string& source,
              const std::function<lint::FixedText()>& make_fixed, FileResult& linted) {
    lint::FixedText fixed = make_fixed();
    complain_of(fixed.bad_fixes, path, linted);
    if (options_.diff) {
      changes_.show(path, source, std::move(fixed));
      return;
    }
    if (path == "-") {
      linted.text = fixed.text;
      standard_input_ = std::move(fixed.text);
      return;
    }
    const std::string failure = changes_.write(path, source, fixed);
    if (!failure.empty()) {
      linted.complaints.push_back(failure);
      linted.failed = true;
      return;
    }
    for (const auto& [count, what] :
         {std::pair(fixed.fixed, "fixed"), std::pair(fixed.silenced, "silenced")}) {
      if (count > 0)
        linted.complaints.push_back(fmt::format(
            "{}: {} {}", path, count == 1 ? "1 finding" : fmt::format("{} findings", count), what));
    }
  }

  // A fix that was left out because it would have done harm is news of a fault, not of the Dockerfile.
  static void complain_of(const std::vector<lint::BadFix>& fixes, const std::string& path,
                          FileResult& linted) {
    for (const lint::BadFix& fix : fixes) {
      linted.complaints.push_back(
          fmt::format("{}:{}: the fix for {} is left out: {}. This is a fault in dcache; please report it",
                      path, fix.line, fix.rule, fix.problem));
    }
  }

  const LintOptions& options_;
  LintChanges changes_;
  std::mutex unread_mutex_;
  std::set<std::string> unread_;                          // why files that are there can't be read
  std::shared_ptr<const context::WatchedFiles> watched_;  // null without --watch
  std::shared_ptr<const context::FileSystem> files_;
  LintSettings settings_;
  lint::Linters linters_;
  std::optional<project::ProjectOptions> project_;  // nothing if they are wrong
  std::shared_ptr<project::ImageFinder> images_;
  LintInputs inputs_;
  bool has_inputs_ = false;
  observe::Durations durations_;
  std::unique_ptr<lint::BuildFactsFinder> facts_;
  std::optional<tl::expected<std::string, std::string>> standard_input_;  // as far as it is fixed
  FoundTemplates templates_{*files_};
  bool failed_ = false;  // an image that --image names can't be linted
  Reports reports_;
  report::Baseline baseline_;
  report::Baseline new_baseline_;
};

// The folder that the program was started in, by its name: it may be deleted and made again.
class StartFolder {
 public:
  StartFolder() : path_(current_folder()) {}

  static bool is_deleted() {
    text::FileStatus current{};
    return !text::status_of(".", current) || text::is_removed(current);
  }
  // Goes to the folder that has the name now; false if there is none.
  bool go() const { return !path_.empty() && text::go_to_folder(path_.c_str()); }

 private:
  std::string path_;
};

// Until something is not as it was; says what.
std::string wait_for_change(const Session& session, const StartFolder& folder) {
  using Clock = std::chrono::steady_clock;
  constexpr Clock::duration kInterval = std::chrono::milliseconds(300);
  constexpr int kShare = 20;  // of the time, to look for changes in
  for (bool deleted = false;;) {
    const auto begin = Clock::now();
    if (!deleted && StartFolder::is_deleted()) {
      deleted = true;
      complain("the current folder was removed; waiting until it is there again");
    }
    if (deleted && folder.go()) return "the current folder is there again";
    auto change = deleted ? std::nullopt : session.change();
    if (change) return *std::move(change);
    std::this_thread::sleep_for(std::max(kInterval, (Clock::now() - begin) * kShare));
  }
}

// Lints again whenever something changes, until the program is ended. Says nothing if that gives the same.
int watch(const LintOptions& options) {
  const StartFolder folder;
  std::string change;
  std::string last;
  for (bool first = true;; first = false) {
    std::optional<HeldOutput> held(std::in_place);
    if (!first) complain(change);
    const size_t begin = held->text().size();
    Session session(options);
    const int status = session.run();
    std::string report = held->text().substr(begin);
    const bool stays = !first || session.has_inputs();
    if (stays) complain("waiting for changes; press Ctrl-C to stop");
    if (first || report != last) held->show();
    held.reset();
    if (!stays) return status;
    last = std::move(report);
    change = wait_for_change(session, folder);
  }
}

}  // namespace

Command lint_command() {
  auto options = std::make_shared<LintOptions>();
  Command command("lint", "Find and fix what makes builds slow or images worse");
  add_lint_options(command, *options);
  command.notes =
      "A comment '# dcache ignore=CODE reason' silences a rule for the next instruction.\n"
      "'dcache rules CODE' explains a rule.";
  command.examples =
      "  dcache lint Dockerfile\n"
      "  dcache lint --fix\n"
      "  dcache lint --image api\n"
      "  dcache lint --format text --format sarif=dcache.sarif services/\n"
      "  dcache lint --diff --select DC1001 Dockerfile\n"
      "  render-template | dcache lint -";
  command.exit_status =
      "0 if there is nothing at or above --fail-on, 1 for findings, 2 for wrong options, input that "
      "can't be read, or a Dockerfile that no builder accepts.";
  command.run = [options] {
    add_environment(*options);
    return options->watch ? watch(*options) : Session(*options).run();
  };
  return command;
}

Command config_command() {
  auto options = std::make_shared<LintOptions>();
  Command command("config", "Show which settings apply to a Dockerfile, and where they come from");
  add_config_options(command, *options);
  command.examples =
      "  dcache config services/api/Dockerfile\n"
      "  DCACHE_IGNORE=DC1009 dcache config";
  command.exit_status = "0, or 2 if the configuration can't be read.";
  command.run = [options] {
    add_environment(*options);
    options->show_config = true;
    return Session(*options).run();
  };
  return command;
}

}  // namespace dcache::cli

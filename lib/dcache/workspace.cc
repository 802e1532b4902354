#include "dcache/workspace.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>
#include <span>
#include <system_error>

#include <fmt/format.h>

#include "dcache/lint/overrides.h"
#include "dcache/lsp/positions.h"
#include "dcache/plan/values.h"
#include "dcache/report/explain.h"
#include "dcache/text/system_path.h"
#include "dcache/workspace_access.h"

namespace dcache {
namespace {

// Offsets and columns of one text.
class Places {
 public:
  explicit Places(std::string_view text)
      : bytes_(text, lsp::Encoding::kUtf8), units_(text, lsp::Encoding::kUtf16) {}

  Range range_of(text::Span span) const { return {position_of(span.begin), position_of(span.end)}; }

 private:
  Position position_of(uint32_t offset) const {
    const lsp::Place place = bytes_.place_of(offset);
    return {offset, place.line, place.character, units_.place_of(offset).character};
  }

  lsp::Positions bytes_;
  lsp::Positions units_;
};

std::vector<NewFile> new_files_of(std::span<const lint::Fix> fixes) {
  std::vector<NewFile> files;
  for (const lint::Fix& fix : fixes) {
    if (!fix.new_file.empty()) files.push_back({fix.new_file, fix.new_file_content});
  }
  return files;
}

Fix fix_of(const lint::Fix& fix, const Places& places) {
  Fix value{.description = fix.description,
            .safe = fix.is_safe(),
            .unsafe_because = fix.unsafe_because,
            .edits = {},
            .new_files = {}};
  for (const text::Edit& edit : fix.edits)
    value.edits.push_back({places.range_of(edit.span), edit.replacement});
  value.new_files = new_files_of({&fix, 1});
  return value;
}

// The code of the rule and the place, and a number where that is not enough: "DC1003@120", "DC1003@120#2".
std::vector<std::string> ids_of(const std::vector<lint::Diagnostic>& diagnostics) {
  std::vector<std::string> ids;
  std::map<std::string, int> known;
  for (const lint::Diagnostic& diagnostic : diagnostics) {
    std::string id = fmt::format("{}@{}", diagnostic.rule, diagnostic.shown().begin);
    const int number = ++known[id];
    ids.push_back(number == 1 ? std::move(id) : fmt::format("{}#{}", id, number));
  }
  return ids;
}

Findings findings_of(const editor::Workspace::LintAnswer& linted) {
  const Places places(linted.text().source());
  const std::vector<std::string> ids = ids_of(linted.findings.diagnostics);
  Findings values{.findings = {}, .parses = linted.findings.parses, .failures = {}};
  if (linted.failure) values.failures.push_back(*linted.failure);
  for (size_t i = 0; i < ids.size(); ++i) {
    const lint::Diagnostic& one = linted.findings.diagnostics[i];
    Finding& value = values.findings.emplace_back();
    value.id = ids[i];
    value.rule = one.rule;
    value.name = one.name;
    value.level = static_cast<Level>(one.level);
    value.range = places.range_of(one.shown());
    value.message = one.complaint();
    value.remedy = one.remedy;
    value.aliases.assign(one.aliases.begin(), one.aliases.end());
    if (one.fix) value.fix = fix_of(*one.fix, places);
  }
  return values;
}

Explanation explanation_of(const editor::Workspace::ImageVerdicts& explained) {
  const cache::Build& build = *explained.build;
  const plan::Graph& graph = build.graph();
  Explanation value{.dockerfile = build.options().dockerfile,
                    .target = graph.stages[*graph.target].label(),
                    .steps = {},
                    .changed = {}};
  for (const cache::StepReport& report : explained.report.steps) {
    const plan::Step& planned = graph.steps[report.step];
    Step& step = value.steps.emplace_back();
    step.stage = graph.stages[planned.stage].label();
    step.line = planned.instruction->start_line;
    step.instruction = planned.one_line();
    step.verdict = static_cast<Verdict>(report.verdict);
    if (report.verdict != cache::Verdict::kHit) {
      step.cause = cache::name_of(report.cause.kind);
      step.reason = report::cause_words(build, report);
      step.path = report.cause.path;
    }
    if (report.follows) step.follows = graph.steps[*report.follows].instruction->start_line;
  }
  for (const cache::ChangedPath& path : explained.paths)
    value.changed.push_back(
        {path.given, path.path, static_cast<ChangedFile::Effect>(path.fate), path.exists});
  return value;
}

Workspace::FixedText fixed_of(lint::FixedText fixed) {
  return {.text = std::move(fixed.text), .fixed = fixed.fixed, .new_files = new_files_of(fixed.new_files)};
}

Failure unreadable(const std::string& path, std::string message) {
  return {.path = path, .message = std::move(message), .remedy = {}};
}

lint::Overrides overrides_of(const Workspace::Rules& rules) {
  lint::Overrides overrides;
  overrides.profile = rules.profile;
  overrides.select = rules.select;
  overrides.ignore = rules.ignore;
  overrides.levels.assign(rules.levels.begin(), rules.levels.end());
  return overrides;
}

}  // namespace

struct Workspace::Impl {
  explicit Impl(editor::Workspace::Options options) : editor(std::move(options)) {}

  editor::Workspace editor;
  mutable std::mutex mutex;
  mutable std::set<std::string> asked;  // files that lint() was called for

  // The files whose findings may have changed.
  Paths stale_after(const std::string& path, editor::Workspace::EditScope affects) const {
    if (affects == editor::Workspace::EditScope::kNothing) return {};
    if (affects == editor::Workspace::EditScope::kItself) return {path};
    std::set<std::string> all = all_asked();
    all.insert(path);
    return {all.begin(), all.end()};
  }
  std::set<std::string> all_asked() const {
    const std::scoped_lock lock(mutex);
    return asked;
  }
};

Workspace::Workspace(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Workspace::Workspace() : Workspace(std::make_unique<Impl>(editor::Workspace::Options())) {}
Workspace::Workspace(Workspace&&) noexcept = default;
Workspace& Workspace::operator=(Workspace&&) noexcept = default;
Workspace::~Workspace() = default;

tl::expected<Workspace, Failure> Workspace::open(const Options& options) {
  lint::Overrides overrides = overrides_of(options.rules);
  std::vector<std::string> notes;
  if (auto failure = lint::check(overrides, notes)) return tl::unexpected(std::move(*failure));
  std::error_code failed;
  if (options.on_disk && !options.context.empty() &&
      !std::filesystem::is_directory(text::system_path(options.context), failed))
    return tl::unexpected(Failure{.path = "context",
                                  .message = fmt::format("there is no folder '{}'", options.context),
                                  .remedy = "give the folder of the build context"});
  if (!options.platform.empty() && !plan::is_platform(options.platform))
    return tl::unexpected(Failure{.path = "platform",
                                  .message = fmt::format("'{}' is not a platform", options.platform),
                                  .remedy = "write OS/ARCHITECTURE, such as linux/amd64 or linux/arm/v7"});
  editor::Workspace::Options made;
  if (!options.on_disk) made.files = std::make_shared<const context::MemoryFiles>();
  made.context = options.context;
  made.config = options.config;
  made.hash_store = options.hash_store;
  made.shellcheck = options.shellcheck;
  made.shellcheck_store = options.shellcheck_store;
  made.adjust = [overrides = std::move(overrides)](lint::Config& config) { lint::apply(overrides, config); };
  made.plan.target = options.target;
  if (!options.platform.empty()) made.plan.platform = options.platform;
  for (const auto& [name, value] : options.build_args)
    made.plan.build_args[name] = value;
  if (!options.builder.empty()) {
    const auto builder = plan::builder_of(options.builder);
    if (!builder) {
      return tl::unexpected(Failure{.path = "builder",
                                    .message = fmt::format("unknown builder '{}'", options.builder),
                                    .remedy = "expected buildkit, classic or buildah"});
    }
    made.builder = *builder;
  }
  return Workspace(std::make_unique<Impl>(std::move(made)));
}

Workspace::Paths Workspace::set_text(const std::string& path, std::string text) {
  return impl_->stale_after(path, impl_->editor.set_text(path, std::move(text)));
}

tl::expected<Workspace::Paths, Failure> Workspace::edit_text(const std::string& path, Place begin, Place end,
                                                             std::string_view replacement) {
  auto before = text(path);
  if (!before) return tl::unexpected(std::move(before.error()));
  const lsp::Positions positions(*before, lsp::Encoding::kUtf16);
  const uint32_t from = positions.offset_of({begin.line, begin.utf16});
  const uint32_t to = std::max(from, positions.offset_of({end.line, end.utf16}));
  std::string after = before->substr(0, from);
  after += replacement;
  after += std::string_view(*before).substr(to);
  return set_text(path, std::move(after));
}

Workspace::Paths Workspace::drop_text(const std::string& path) {
  return impl_->stale_after(path, impl_->editor.drop_text(path));
}

Workspace::Paths Workspace::files_changed() {
  impl_->editor.files_changed();
  const std::set<std::string> all = impl_->all_asked();
  return {all.begin(), all.end()};
}

tl::expected<std::string, Failure> Workspace::text(const std::string& path) const {
  auto text = impl_->editor.files()->read(path);
  if (!text) return tl::unexpected(unreadable(path, std::move(text.error())));
  return std::move(*text);
}

tl::expected<Findings, Failure> Workspace::lint(const std::string& path) const {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->asked.insert(path);
  }
  auto linted = impl_->editor.lint(path);
  if (!linted) return tl::unexpected(std::move(linted.error()));
  return findings_of(**linted);
}

tl::expected<Workspace::FixedText, Failure> Workspace::fix(const std::string& path, bool unsafe) const {
  auto fixed = impl_->editor.fix(path, unsafe);
  if (!fixed) return tl::unexpected(std::move(fixed.error()));
  return fixed_of(std::move(*fixed));
}

tl::expected<Workspace::FixedText, Failure> Workspace::fix_finding(const std::string& path,
                                                                   std::string_view id) const {
  auto linted = impl_->editor.lint(path);
  if (!linted) return tl::unexpected(std::move(linted.error()));
  const std::vector<lint::Diagnostic>& diagnostics = (*linted)->findings.diagnostics;
  const std::vector<std::string> ids = ids_of(diagnostics);
  const auto at = std::ranges::find(ids, id);
  if (at == ids.end()) {
    return tl::unexpected(Failure{.path = path,
                                  .message = fmt::format("the text has no finding '{}'", id),
                                  .remedy = "call lint() again: the text has changed"});
  }
  const std::optional<lint::Fix>& fix = diagnostics[static_cast<size_t>(at - ids.begin())].fix;
  if (!fix) {
    return tl::unexpected(
        Failure{.path = path, .message = fmt::format("the finding '{}' has no fix", id), .remedy = {}});
  }
  return FixedText{.text = text::apply((*linted)->text().source(), fix->edits),
                   .fixed = 1,
                   .new_files = new_files_of({&*fix, 1})};
}

tl::expected<Explanation, std::vector<Failure>> Workspace::explain(const std::string& dockerfile,
                                                                   const Question& question) const {
  editor::Workspace::Question asked{.since = question.since,
                                    .changed = question.changed,
                                    .cache_from = question.cache_from,
                                    .stop = question.stop,
                                    .progress = {}};
  if (question.progress) {
    asked.progress = [&](const context::HashingProgress& done) {
      question.progress(done.bytes, done.all_bytes);
    };
  }
  auto explained = impl_->editor.explain(dockerfile, asked);
  if (!explained) return tl::unexpected(std::move(explained.error()));
  return explanation_of(**explained);
}

tl::expected<void, std::vector<Failure>> Workspace::mark(const std::string& dockerfile,
                                                         const std::stop_token& stop) {
  return impl_->editor.mark(dockerfile, stop);
}

const editor::Workspace& WorkspaceAccess::editor_of(const Workspace& workspace) {
  return workspace.impl_->editor;
}

}  // namespace dcache

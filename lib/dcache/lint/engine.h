// Runs rules over Dockerfiles and applies their fixes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dcache/lint/config.h"
#include "dcache/lint/diagnostic.h"
#include "dcache/lint/rule.h"
#include "dcache/lint/shellcheck.h"
#include "dcache/lint/suppress.h"

namespace dcache::lint {

// The pseudo-rule of what no builder accepts.
inline constexpr std::string_view kNotBuildable = "DC0001";
inline constexpr std::string_view kNotBuildableName = "not-buildable";
// And that of a comment which silences nothing.
inline constexpr std::string_view kUnusedSuppression = "DC0002";
inline constexpr std::string_view kUnusedSuppressionName = "unused-suppression";

// Both, so that they can be explained like rules. They have no check, and are not part of the catalogue.
std::span<const Rule> pseudo_rules();

// A finding that is not reported, since somebody said that it shall not be.
struct SuppressedDiagnostic {
  enum class By : uint8_t { kComment, kBaseline };
  Diagnostic diagnostic;
  By by = By::kComment;
  std::string_view reason;  // that the comment gives, a view of the file; may be empty
};

// A fix that would have done what it does not say, or that did not help. It is left out; that it came about
// is a fault of dcache.
struct BadFix {
  std::string_view rule;
  uint32_t line = 0;    // of the finding, in the text that the fix was for
  std::string problem;  // "line 4 (EXPOSE 80) would be gone"
};

struct Findings {
  std::vector<Diagnostic> diagnostics;         // in the order of the file
  std::vector<SuppressedDiagnostic> silenced;  // grouped by rule
  std::vector<BadFix> bad_fixes;               // that findings would have had
  bool lacks_shellcheck = false;               // it was asked, and gave no answer, or none in time
  bool parses = true;  // false: a builder refuses the file; the findings go as far as it can be read
};

// Const and safe to use from many threads.
class Linter {
 public:
  // The rules have to outlive the linter, as those of catalogue() do.
  Linter(std::span<const Rule> rules, Config config);

  // Runs ShellCheck on RUN scripts too, in the profiles default (warnings and errors only), hadolint and all,
  // and for codes that are selected.
  void use(std::shared_ptr<const ShellCheck> shellcheck) { shellcheck_ = std::move(shellcheck); }

  // `facts` gives the files around the Dockerfile when a rule needs them; see Dockerfile.
  Findings lint(const dockerfile::File& file, const BuildFacts& facts) const;
  // What there is to say of a file next to a Dockerfile.
  Findings lint(RelatedFile& related) const;

  const std::vector<const Rule*>& active_rules() const { return active_; }
  const Config& config() const { return config_; }

 private:
  bool is_wanted(const Rule& rule) const;
  bool is_on_demand(const Rule& rule) const;
  bool is_ignored(const Diagnostic& diagnostic) const;

  // What the file itself says about findings.
  struct Silence {
    Suppressions comments;
    CheckDirective checks;
    CheckComments check_comments;
  };
  void run_rule(const Rule& rule, Dockerfile& dockerfile, Silence& silence, Findings& findings) const;
  // An experimental one, where the file or the comment above an instruction switches it on.
  void run_on_demand(const Rule& rule, Dockerfile& dockerfile, Silence& silence, Findings& findings) const;
  // Takes out those from `first` on that a `# check=` comment switches off.
  static void heed_check_comments(const Rule& rule, CheckComments& comments, size_t first,
                                  Findings& findings);
  // Gives the findings from `first` on their configured levels, and takes out what comments or options
  // silence.
  void judge(const Rule& rule, Suppressions& comments, size_t first, Findings& findings) const;

  bool is_wanted(const Diagnostic& of_shellcheck) const;
  void run_shellcheck(Dockerfile& dockerfile, Silence& silence, Findings& findings) const;
  void add_unused(const text::Document& file, const std::vector<std::string_view>& codes,
                  std::vector<Diagnostic>& out) const;
  Level configured_level(const Diagnostic& diagnostic) const;

  Config config_;
  std::span<const Rule> rules_;
  std::shared_ptr<const ShellCheck> shellcheck_;  // null for none
  bool reports_unused_ = false;
  bool merges_ = false;  // one finding per problem
  std::vector<const Rule*> active_;
  std::vector<const Rule*> on_demand_;  // experimental ones, for files that switch them on
};

// The rule of a code or name, in any letter case; null for none.
const Rule* find_rule(std::span<const Rule> rules, std::string_view code_or_name);

// All codes and names, for checking and suggesting.
std::vector<std::string_view> known_names(std::span<const Rule> rules);

}  // namespace dcache::lint

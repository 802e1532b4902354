#include <algorithm>
#include <map>

#include "dcache/report/findings.h"
#include "dcache/report/table.h"

namespace dcache::report {
namespace {

// Counts by rule. What a part says of a file is a line RULE for each finding, and RULE+ for one with a fix.
class StatisticsReport : public FindingsReport {
 public:
  StatisticsReport(std::span<const lint::Rule> rules, const Style& style) : rules_(rules), style_(style) {}

  void begin(std::string& /*out*/) override {}

  void add(FilePart part, std::string& /*out*/) override {
    std::string_view rest = part.text;
    while (!rest.empty()) {
      std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(line.size() + 1);
      const bool fixable = line.ends_with('+');
      if (fixable) line.remove_suffix(1);
      Count& count = counts_[std::string(line)];
      ++count.findings;
      count.fixable += fixable ? 1 : 0;
    }
  }

  void end(std::string& out) override {
    if (counts_.empty()) {
      out += "no findings\n";
      return;
    }
    std::vector<std::pair<std::string, Count>> rows(counts_.begin(), counts_.end());
    std::ranges::stable_sort(rows, std::ranges::greater(),
                             [](const auto& row) { return row.second.findings; });
    Table table({"findings", "--fix", "rule", "finds"});
    for (const auto& [code, count] : rows) {
      const lint::Rule* rule = lint::find_rule(rules_, code);
      if (rule == nullptr) rule = lint::find_rule(lint::pseudo_rules(), code);
      table.add({std::to_string(count.findings), count.fixable == 0 ? "" : std::to_string(count.fixable),
                 code, rule == nullptr ? "" : std::string(rule->summary)});
    }
    table.append_to(out, style_);
  }

 private:
  struct Count {
    size_t findings = 0;
    size_t fixable = 0;
  };

  void append(const FileFindings& file, FilePart& part) const override {
    for (const lint::Diagnostic& diagnostic : file.findings->diagnostics) {
      part.text += diagnostic.rule;
      part.text += diagnostic.fix && diagnostic.fix->is_safe() ? "+\n" : "\n";
    }
  }

  std::span<const lint::Rule> rules_;
  Style style_;
  std::map<std::string, Count> counts_;
};

}  // namespace

std::unique_ptr<FindingsReport> findings_statistics(std::span<const lint::Rule> rules, const Style& style) {
  return std::make_unique<StatisticsReport>(rules, style);
}

}  // namespace dcache::report

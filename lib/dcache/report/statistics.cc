#include <algorithm>
#include <map>
#include <optional>

#include "dcache/report/findings.h"
#include "dcache/report/table.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {
namespace {

// Counts by rule. What a part says of a file is a line RULE for each finding, and RULE+ for one with a fix.
class StatisticsReport : public FindingsReport {
 public:
  // Without a style it is JSON.
  StatisticsReport(std::span<const lint::Rule> rules, std::optional<Style> style)
      : rules_(rules), style_(style) {}

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
    std::vector<std::pair<std::string, Count>> rows(counts_.begin(), counts_.end());
    std::ranges::stable_sort(rows, std::ranges::greater(),
                             [](const auto& row) { return row.second.findings; });
    if (!style_) {
      append_json(rows, out);
    } else if (rows.empty()) {
      out += "no findings\n";
    } else {
      Table table({"findings", "--fix", "rule", "finds"});
      for (const auto& [code, count] : rows)
        table.add({std::to_string(count.findings), count.fixable == 0 ? "" : std::to_string(count.fixable),
                   code, std::string(summary_of(code))});
      table.append_to(out, *style_);
    }
  }

 private:
  struct Count {
    size_t findings = 0;
    size_t fixable = 0;
  };

  using Row = std::pair<std::string, Count>;

  std::string_view summary_of(std::string_view code) const {
    const lint::Rule* rule = lint::find_rule(rules_, code);
    if (rule == nullptr) rule = lint::find_rule(lint::pseudo_rules(), code);
    return rule == nullptr ? std::string_view() : rule->summary;
  }

  void append_json(const std::vector<Row>& rows, std::string& out) const {
    constexpr int kIndent = 2;
    text::JsonWriter json(out, kIndent);
    json.begin_array();
    for (const auto& [code, count] : rows) {
      json.begin_object();
      json.key("rule").value(code);
      json.key("findings").value(count.findings);
      json.key("fixable").value(count.fixable);
      json.key("summary").value(summary_of(code));
      json.end_object();
    }
    json.end_array();
    out += '\n';
  }

  void append(const FileFindings& file, FilePart& part) const override {
    for (const lint::Diagnostic& diagnostic : file.findings->diagnostics) {
      part.text += diagnostic.rule;
      part.text += diagnostic.fix && diagnostic.fix->is_safe() ? "+\n" : "\n";
    }
  }

  std::span<const lint::Rule> rules_;
  std::optional<Style> style_;
  std::map<std::string, Count> counts_;
};

}  // namespace

std::unique_ptr<FindingsReport> findings_statistics(std::span<const lint::Rule> rules,
                                                    std::optional<Style> style) {
  return std::make_unique<StatisticsReport>(rules, style);
}

}  // namespace dcache::report

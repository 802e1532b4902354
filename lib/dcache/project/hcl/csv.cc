#include "dcache/project/hcl/csv.h"

#include <utility>

#include "dcache/project/hcl/error.h"

namespace dcache::project::hcl {
namespace {

class CsvReader {
 public:
  // `lines` says whether a newline ends a record.
  CsvReader(std::string_view text, char separator, bool lines)
      : text_(text), separator_(separator), lines_(lines) {}

  bool done() const { return at_ >= text_.size(); }
  std::vector<std::string> record();

 private:
  bool at_end_of_line() const {
    return done() || (lines_ && (text_[at_] == '\n' || text_.substr(at_).starts_with("\r\n")));
  }
  std::string field();
  std::string quoted();

  std::string_view text_;
  char separator_;
  bool lines_;
  size_t at_ = 0;
};

std::string CsvReader::quoted() {
  std::string text;
  for (++at_; !done(); ++at_) {
    if (lines_ && text_.substr(at_).starts_with("\r\n")) continue;
    if (text_[at_] != '"') {
      text += text_[at_];
      continue;
    }
    ++at_;
    if (done() || text_[at_] != '"') {
      if (!at_end_of_line() && text_[at_] != separator_) fail("a quote in a CSV field is written twice");
      return text;
    }
    text += '"';
  }
  fail("a CSV field has no closing quote");
}

std::string CsvReader::field() {
  if (!done() && text_[at_] == '"') return quoted();
  std::string text;
  for (; !at_end_of_line() && text_[at_] != separator_; ++at_) {
    if (text_[at_] == '"') fail("a CSV field with a quote has to be in quotes");
    text += text_[at_];
  }
  return text;
}

std::vector<std::string> CsvReader::record() {
  std::vector<std::string> fields;
  for (;;) {
    fields.push_back(field());
    if (done() || text_[at_] != separator_) break;
    ++at_;
  }
  if (!done()) at_ += text_[at_] == '\r' ? 2 : 1;
  return fields;
}

}  // namespace

std::vector<std::string> read_csv_fields(std::string_view line, char separator) {
  if (line.ends_with('\n')) line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
  if (line.empty()) fail("the list is empty");
  return CsvReader(line, separator, false).record();
}

std::vector<std::vector<std::string>> read_csv_records(std::string_view text) {
  std::vector<std::vector<std::string>> records;
  CsvReader reader(text, ',', true);
  while (!reader.done()) {
    std::vector<std::string> record = reader.record();
    if (record.size() > 1 || !record[0].empty()) records.push_back(std::move(record));
  }
  return records;
}

}  // namespace dcache::project::hcl

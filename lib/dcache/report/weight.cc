#include "dcache/report/weight.h"

#include <set>

#include <fmt/format.h>

#include "dcache/report/style.h"
#include "dcache/text/words.h"

namespace dcache::report {

using context::Record;

void Weight::add(const Record& record) {
  if (record.type == context::Type::kFolder) return;
  ++files;
  bytes += record.size;
}

std::vector<const Record*> files_of(const cache::StepKeys& keys) {
  std::vector<const Record*> files;
  std::set<const Record*> seen;
  for (const cache::ReadFiles& read : keys.reads) {
    for (const cache::SelectedFile& file : read.selection.files) {
      if (seen.insert(file.record).second) files.push_back(file.record);
    }
  }
  return files;
}

Weight weight_of(const std::vector<const Record*>& files) {
  Weight weight;
  for (const Record* file : files)
    weight.add(*file);
  return weight;
}

std::string weight_words(const Weight& weight) {
  return fmt::format("{}, {}", text::counted(weight.files, "file"), bytes_words(weight.bytes));
}

}  // namespace dcache::report

#include "dcache/cache/copied_files.h"

#include <algorithm>
#include <string>

#include "dcache/text/path.h"

namespace dcache::cache {
namespace {

using context::Record;
using context::Type;
using plan::Part;
using plan::Read;
using plan::Step;

class Copying {
 public:
  explicit Copying(const Step& copy) {
    for (const Part& part : copy.definition) {
      switch (part.kind) {
        case Part::Kind::kOperation:
          unpacks_ = part.value == "add";
          break;
        case Part::Kind::kDestination:
          names_folder_ = part.value == "/" || part.value.ends_with('/');
          destination_ = text::clean_path(part.value).substr(1);  // paths of records have no leading slash
          break;
        case Part::Kind::kMode:
          sets_mode_ = true;
          [[fallthrough]];
        case Part::Kind::kOwner:
          changes_ += ' ' + part.value;
          break;
        default:
          break;
      }
    }
  }

  // False for a file that ADD may unpack.
  bool add(const SelectedFile& file) {
    if (!file.written) return true;
    const Record& from = *file.record;
    if (unpacks_ && from.type == Type::kFile && is_named(file)) return false;
    Record record;
    record.type = from.type;
    record.mode = from.mode;
    record.size = from.size;
    // A file that was not hashed counts with the path it has in the context.
    record.content = from.content;
    if (from.type == Type::kFile && !from.content) record.content = context::hash_bytes(from.path);
    if (from.type == Type::kSymlink) record.target = from.target;
    place(file.name, std::move(record));
    return true;
  }

  // Whether the instruction names the file itself and not a folder that it is in.
  static bool is_named(const SelectedFile& file) {
    if (file.selector == nullptr) return false;
    return file.selector->wildcard ? file.name.find('/') == std::string_view::npos
                                   : file.name == text::base_name(file.selector->path);
  }

  void add_text(std::string_view name, std::string_view text) {
    Record record;
    record.mode = 0644;
    record.size = text.size();
    record.content = context::hash_bytes(text);
    place(name, std::move(record));
  }

  std::vector<Record> take() { return std::move(files_); }

 private:
  void place(std::string_view name, Record record) {
    if (record.type != Type::kSymlink) record.target = changes_;
    if (sets_mode_) record.mode = 0;
    const bool into_folder =
        names_folder_ || record.type == Type::kFolder || name.find('/') != std::string_view::npos;
    record.path.reserve(destination_.size() + 1 + name.size());
    record.path = destination_;
    // Names of files are clean paths, below the destination.
    if (into_folder && !name.empty()) {
      if (!record.path.empty()) record.path += '/';
      record.path += name;
    }
    if (!record.path.empty()) files_.push_back(std::move(record));  // empty: the root
  }

  std::string destination_;
  bool names_folder_ = false;
  bool unpacks_ = false;
  bool sets_mode_ = false;
  std::string changes_;  // owner and mode
  std::vector<Record> files_;
};

}  // namespace

bool changes_modes_by_letters(const Step& copy) {
  return std::any_of(copy.definition.begin(), copy.definition.end(), [](const Part& part) {
    return part.kind == Part::Kind::kMode && part.value.find_first_not_of("01234567") != std::string::npos;
  });
}

std::optional<std::vector<Record>> copied_files(const Step& copy, const StepKeys& keys) {
  if (copy.needs_network || copy.reads.size() != keys.reads.size() || changes_modes_by_letters(copy))
    return std::nullopt;
  Copying copying(copy);
  for (const ReadFiles& read : keys.reads) {
    for (const SelectedFile& file : read.selection.files) {
      if (!copying.add(file)) return std::nullopt;
    }
  }
  for (const Part& part : copy.definition) {
    if (part.kind == Part::Kind::kHeredoc) copying.add_text(part.name, part.value);
  }
  return copying.take();
}

}  // namespace dcache::cache

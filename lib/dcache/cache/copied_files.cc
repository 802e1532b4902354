#include "dcache/cache/copied_files.h"

#include <algorithm>
#include <string>

#include "dcache/plan/mode_change.h"
#include "dcache/text/path.h"

namespace dcache::cache {
namespace {

using context::Record;
using context::Type;
using plan::Part;
using plan::Read;
using plan::Step;

// A user by number without a group has the group of that number; root is what files have anyway.
std::string full_owner(const std::string& owner) {
  const bool number = !owner.empty() && owner.find_first_not_of("0123456789") == std::string::npos;
  const std::string full = number ? owner + ':' + owner : owner;
  return full == "0:0" ? "" : ' ' + full;
}

class CopiedRecords {
 public:
  CopiedRecords(const Step& copy, bool into_folder) : into_folder_(into_folder) {
    for (const Part& part : copy.definition) {
      switch (part.kind) {
        case Part::Kind::kDestination:
          destination_ = text::clean_path(part.value).substr(1);  // paths of records have no leading slash
          break;
        case Part::Kind::kMode:
          mode_ = plan::ModeChange::parse(part.value);
          break;
        case Part::Kind::kOwner:
          owner_ = full_owner(part.value);
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
    const bool unpacks = file.selector != nullptr && file.selector->unpack;
    if (unpacks && from.type == Type::kFile && !file.inside) return false;
    Record record;
    record.type = from.type;
    record.mode = from.mode;
    record.size = from.size;
    // A file that was not hashed counts with the path it has in the context.
    record.content = from.content;
    record.stale = from.stale;
    record.assumed = from.assumed;
    record.attributes = from.attributes;
    if (from.type == Type::kFile && !from.content) record.content = context::hash_bytes(from.path);
    if (from.type == Type::kSymlink) record.target = from.target;
    place(file.name, std::move(record), file.inside || into_folder_);
    return true;
  }

  void add_text(std::string_view name, std::string_view text) {
    Record record;
    record.mode = 0644;
    record.size = text.size();
    record.content = context::hash_bytes(text);
    place(name, std::move(record), into_folder_);
  }

  void reserve(size_t files) { files_.reserve(files); }
  std::vector<Record> take() { return std::move(files_); }

 private:
  void place(std::string_view name, Record record, bool below) {
    if (record.type != Type::kSymlink) {
      record.target = owner_;
      if (mode_) record.mode = mode_->apply(record.mode, record.type == Type::kFolder);
    }
    record.path.reserve(destination_.size() + 1 + name.size());
    record.path = destination_;
    // Names of files are clean paths, below the destination.
    if (below && !name.empty()) {
      if (!record.path.empty()) record.path += '/';
      record.path += name;
    }
    if (!record.path.empty()) files_.push_back(std::move(record));  // empty: the root
  }

  std::string destination_;
  bool into_folder_;
  std::optional<plan::ModeChange> mode_;
  std::string owner_;  // empty for root
  std::vector<Record> files_;
};

}  // namespace

bool changes_modes_by_letters(const Step& copy) {
  return std::any_of(copy.definition.begin(), copy.definition.end(), [](const Part& part) {
    return part.kind == Part::Kind::kMode && part.value.find_first_not_of("01234567") != std::string::npos;
  });
}

bool places_single_files(const Step& copy, const StepKeys& keys) {
  if (names_folder(copy)) return false;
  const auto is_single = [](const SelectedFile& file) {
    return file.written && !file.inside && file.record->type != Type::kFolder;
  };
  return copy.find(Part::Kind::kHeredoc) != nullptr || copy.find(Part::Kind::kRemote) != nullptr ||
         std::ranges::any_of(keys.reads, [&](const ReadFiles& read) {
           return std::ranges::any_of(read.selection.files, is_single);
         });
}

bool names_folder(const Step& copy) {
  const Part* destination = copy.find(Part::Kind::kDestination);
  return destination != nullptr && (destination->value.ends_with('/') || destination->value.ends_with("/."));
}

std::optional<std::vector<Record>> copied_files(const Step& copy, const StepKeys& keys, bool into_folder) {
  const bool unseen = copy.find(Part::Kind::kRemote) != nullptr || copy.reads.size() != keys.reads.size();
  if (unseen) return std::nullopt;
  CopiedRecords copied(copy, into_folder);
  size_t files = 0;
  for (const ReadFiles& read : keys.reads)
    files += read.selection.files.size();
  copied.reserve(files);
  for (const ReadFiles& read : keys.reads) {
    for (const SelectedFile& file : read.selection.files) {
      if (!copied.add(file)) return std::nullopt;
    }
  }
  for (const Part& part : copy.definition) {
    if (part.kind == Part::Kind::kHeredoc) copied.add_text(part.name, part.value);
  }
  return copied.take();
}

}  // namespace dcache::cache

#include "cli/lint_changes.h"

#include <utility>

#include "dcache/context/boundary.h"
#include "dcache/text/file_io.h"
#include "dcache/text/write_file.h"

namespace dcache::cli {

void LintChanges::note(const std::string& path, const std::string& text) {
  const std::scoped_lock lock(mutex_);
  texts_[context::absolute_path(path)] = text;
}

std::optional<std::string> LintChanges::text_of(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  const auto known = texts_.find(context::absolute_path(path));
  return known == texts_.end() ? std::nullopt : std::optional(known->second);
}

std::string LintChanges::write(const std::string& path, const std::string& source,
                               const lint::FixedText& fixed) {
  std::string failure = fixed.text == source ? "" : text::replace_file(path, source, fixed.text);
  for (const lint::Fix& file : fixed.new_files) {
    if (failure.empty() && new_files_.insert(file.new_file).second)
      failure = text::replace_file(file.new_file, text_of(file.new_file), file.new_file_content);
  }
  return failure;
}

std::shared_ptr<const context::FileSystem> LintChanges::seen_over(
    std::shared_ptr<const context::FileSystem> disk) {
  return unwritten_ = std::make_shared<UnwrittenFiles>(std::move(disk));
}

void LintChanges::show(const std::string& path, const std::string& source, lint::FixedText fixed) {
  if (fixed.text != source) {
    unwritten_->write(path, fixed.text);
    add({path, source, std::move(fixed.text)});
  }
  for (lint::Fix& file : fixed.new_files) {
    if (!new_files_.insert(file.new_file).second) continue;
    auto before = text::read_regular_file(file.new_file);
    unwritten_->write(file.new_file, file.new_file_content);
    add({file.new_file, before ? std::optional(std::move(*before)) : std::nullopt,
         std::move(file.new_file_content)});
  }
}

void LintChanges::add(FileChange change) {
  const auto [known, is_new] = change_at_.try_emplace(context::resolved_path(change.path), changes_.size());
  if (is_new) {
    changes_.push_back(std::move(change));
  } else {
    changes_[known->second].after = std::move(change.after);
  }
}

}  // namespace dcache::cli

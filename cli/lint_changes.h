// What `dcache lint` writes to files with --fix and --add-ignores, or shows with --diff.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/lint_unwritten.h"
#include "cli/patches.h"
#include "dcache/context/file_system.h"
#include "dcache/lint/fixes.h"

namespace dcache::cli {

class LintChanges {
 public:
  // To be called for each text that is read, from any thread: a file is written only if it still contains
  // what the fixes rest on.
  void note(const std::string& path, const std::string& text);
  // Gives the file its new text, and writes the new files that its fixes bring, each only once in a run. What
  // went wrong, or empty.
  std::string write(const std::string& path, const std::string& source, const lint::FixedText& fixed);

  // The files of `disk` as show() has changed them.
  std::shared_ptr<const context::FileSystem> seen_over(std::shared_ptr<const context::FileSystem> disk);
  // Changes files only in what seen_over() gave, which has to be called first.
  void show(const std::string& path, const std::string& source, lint::FixedText fixed);
  // Of all files that were shown. A file that several fixes would write is shown once, as the last of them
  // leaves it.
  std::string diff() const { return patch_with_note(changes_); }

 private:
  void add(FileChange change);
  // What a file contained when it was read; nothing for one that was not there.
  std::optional<std::string> text_of(const std::string& path) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::string> texts_;  // that were read, by absolute path
  std::set<std::string> new_files_;           // that fixes have written next to Dockerfiles
  std::shared_ptr<UnwrittenFiles> unwritten_;
  std::vector<FileChange> changes_;
  std::map<std::string, size_t> change_at_;  // the place of a file among them, by its real path
};

}  // namespace dcache::cli

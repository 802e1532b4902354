// Which commits a command replays, and how.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/context/git.h"
#include "dcache/context/git_objects.h"
#include "dcache/history/history.h"

namespace dcache::cli {

struct HistoryFlags {
  std::vector<std::string> words;  // a range of commits, or Dockerfiles
  std::vector<std::string> git;
  uint32_t most = 300;
  std::string since;
  bool first_parent = false;
  std::vector<std::string> cache_from;
  std::string keep;  // the file of --keep
};
// Adds all but the words.
void add_history_options(Command& command, HistoryFlags& flags);
// Adds the words: a range or Dockerfiles.
void add_history_words(Command& command, HistoryFlags& flags);

// Replays commits of the repository around the current folder, or around what is named.
class Replayer {
 public:
  // Both have to outlive it.
  Replayer(const HistoryFlags& history, const BuildFlags& build) : history_(history), flags_(build) {}

  // Finds the commits. False, with a word on standard error, if there are none.
  bool open();
  // False, with a word on standard error, in a bare repository. To be asked after open().
  bool has_work_tree(std::string_view command) const;
  // What the flags mean, with the Dockerfiles that were among the words.
  const BuildFlags& flags() const { return flags_; }
  const context::GitRepository& repository() const { return *repository_; }
  std::shared_ptr<const context::GitObjects> shared_objects() const { return objects_; }
  const std::vector<context::Commit>& commits() const { return commits_; }

  // The images that the flags mean at the newest commit, with the Dockerfiles and definitions of each commit.
  // Nothing, with a word on standard error, if that can't be. With --keep it goes on from the file.
  std::optional<history::History> replay();
  // Writes the file of --keep, if there is one. False, with a word on standard error, if that can't be.
  bool write_kept(const history::History& history) const;

 private:
  bool read_words();
  bool read_kept(history::Options& options) const;
  // That of the first Dockerfile that is named, the context, or that of a definition; empty if none is named.
  std::string named_folder() const;
  std::optional<context::GitObjects::LogOptions> log_options() const;
  // Says so if a partial clone lacks files of the newest commit that say what is built.
  bool lacks_definitions(const context::CommitFiles& files, const project::DiscoveredFiles& found) const;
  history::ImagesAtCommit read_images(const context::CommitFiles& files,
                                      const std::shared_ptr<const context::FileSystem>& seen);

  const HistoryFlags& history_;
  BuildFlags flags_;
  std::vector<std::string> ranges_;
  std::shared_ptr<const context::GitRepository> repository_;
  std::shared_ptr<const context::GitObjects> objects_;
  std::vector<context::Commit> commits_;
  bool failed_ = false;
  bool has_told_ = false;  // what there is to say of the images at the newest commit
  ProgressLine line_;
};

// That of an image of the work tree: by its name, or where commits know it by another one by its Dockerfile.
// Null for none.
const history::ImageHistory* find_history(const history::History& history, const project::Image& image);

}  // namespace dcache::cli

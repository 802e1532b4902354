#include "dcache/project/discover.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "dcache/context/git.h"
#include "dcache/ignore/matcher.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/file_io.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

namespace fs = std::filesystem;

// What git leaves out below a folder; nothing where the folder is in no repository, or is left out itself.
class LeftOut {
 public:
  explicit LeftOut(const std::string& folder) : folder_(folder) {
    const std::string real = text::real_path(folder);
    if (context::repository_root(real).empty()) return;  // spares to load libgit2
    auto repository = context::GitRepository::open(real);
    if (!repository || !text::is_within(real, repository->root())) return;
    place_ = real.substr(std::min(repository->root().size() + 1, real.size()));
    if (place_.empty() || !repository->ignores(place_, true)) repository_ = std::move(*repository);
  }

  bool operator()(const std::string& path, bool is_folder) const {
    if (!repository_) return false;
    const std::string inside = fs::path(path).lexically_relative(folder_).generic_string();
    return repository_->ignores(text::join_path(place_, inside), is_folder);
  }

 private:
  std::string folder_;  // as it is walked
  std::string place_;   // the same from the root of the repository
  std::optional<context::GitRepository> repository_;
};

// What a walk does with an entry.
enum class Step : uint8_t { kPass, kTake, kEnter };

std::string shown(const std::string& path) {
  return path.starts_with("./") ? path.substr(2) : path;
}

// Calls `judge` with the path and whether it is a folder, and gives the paths to take, sorted. Adds what is
// passed over though it may contain Dockerfiles to `left_out_names`.
template <typename Judge>
std::vector<std::string> walk(const std::string& folder, const FindOptions& options, const Judge& judge,
                              std::vector<std::string>& left_out_names) {
  std::vector<std::string> found;
  std::optional<LeftOut> left_out;
  if (options.gitignore) left_out.emplace(folder);
  std::error_code failure;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, failure);
  for (; !failure && at != fs::recursive_directory_iterator(); at.increment(failure)) {
    const std::string& path = at->path().native();
    const std::string_view name = text::base_name(path);
    // What a link leads to is not looked up.
    const bool is_folder = !at->is_symlink(failure) && at->is_directory(failure);
    const bool vendored = is_folder && is_vendored_folder(name);
    const bool variant = !is_folder && is_dockerfile_variant(name);
    Step step = name == ".git" || vendored ? Step::kPass : judge(path, is_folder, *at);
    const bool ignored =
        (step != Step::kPass || vendored || variant) && left_out && (*left_out)(path, is_folder);
    if (ignored) step = Step::kPass;
    if (step == Step::kTake) found.push_back(shown(path));
    if (step == Step::kPass && (vendored || variant) && !ignored)
      left_out_names.push_back(shown(path) + (vendored ? "/" : ""));
    if (is_folder && step != Step::kEnter) at.disable_recursion_pending();
  }
  std::ranges::sort(found);
  return found;
}

// All Dockerfiles below a folder. What an entry is comes with its name: most are not looked at again.
std::vector<std::string> search(const std::string& folder, const FindOptions& options,
                                std::vector<std::string>& left_out) {
  const auto judge = [&](const std::string& path, bool is_folder, const fs::directory_entry& entry) {
    if (is_folder) return Step::kEnter;
    const bool wanted = is_dockerfile_name(path) || (options.companions && companion_kind(path)) ||
                        (options.definitions && definition_kind(path).has_value());
    std::error_code failure;
    return wanted && entry.is_regular_file(failure) ? Step::kTake : Step::kPass;
  };
  return walk(folder, options, judge, left_out);
}

// What a pattern describes: files, and the Dockerfiles in folders. Nothing for one that is malformed.
std::vector<std::string> expand(const std::string& pattern, const FindOptions& options,
                                std::vector<std::string>& left_out) {
  // The walk starts in the folder before the first part with a wildcard.
  const size_t slash = pattern.rfind('/', pattern.find_first_of("*?[\\"));
  const std::string folder = slash == std::string::npos ? "." : pattern.substr(0, std::max<size_t>(slash, 1));
  const size_t start = slash == std::string::npos ? 0 : slash + 1;
  const auto matcher = ignore::Matcher::compile(std::vector{pattern.substr(start)});
  std::vector<std::string> all;
  if (!matcher) return all;
  const auto judge = [&](const std::string& path, bool is_folder, const fs::directory_entry&) {
    const std::string inside = fs::path(path).lexically_relative(folder).generic_string();
    return matcher->decide(inside).ignored ? Step::kTake : is_folder ? Step::kEnter : Step::kPass;
  };
  std::vector<std::string> unmatched;  // nobody asked for these
  for (std::string& path : walk(folder, options, judge, unmatched)) {
    std::error_code failure;
    if (!fs::is_directory(path, failure)) {
      all.push_back(std::move(path));
      continue;
    }
    std::ranges::move(search(path, options, left_out), std::back_inserter(all));
  }
  return all;
}

}  // namespace

Found find_dockerfiles(const std::vector<std::string>& paths, const FindOptions& options) {
  Found result;
  for (const std::string& path : paths) {
    std::error_code failure;
    const fs::file_status status = fs::status(path, failure);
    const bool pattern = !fs::exists(status) && text::has_wildcard(path);
    if (path == "-" || !(pattern || fs::is_directory(status))) {
      result.files.push_back(path);
      continue;
    }
    std::vector<std::string> found =
        pattern ? expand(path, options, result.left_out) : search(path, options, result.left_out);
    if (found.empty() && pattern) {
      result.files.push_back(path);  // which can't be read
    } else if (found.empty()) {
      result.without.push_back(path);
    }
    for (std::string& file : found) {
      if (options.definitions && definition_kind(file)) result.definitions.push_back(file);
      const bool defines_only =
          !pattern && !is_dockerfile_name(file) && !(options.companions && companion_kind(file));
      if (!defines_only) result.files.push_back(std::move(file));
    }
  }
  return result;
}

}  // namespace dcache::project

#include "cli/found_templates.h"

#include <algorithm>
#include <filesystem>

#include "dcache/dockerfile/check.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/project/discover.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"

namespace dcache::cli {

namespace fs = std::filesystem;

bool FoundTemplates::contain(const std::string& path, const dockerfile::File& file) const {
  if (dockerfile::is_template(file)) return true;
  const bool has_stage = std::ranges::find(file.instructions(), dockerfile::Keyword::kFrom,
                                           &dockerfile::Instruction::keyword) != file.instructions().end();
  if (has_stage) return false;
  const fs::path folder = text::system_path(path).parent_path();
  return has_templates(text::portable_path(folder.string())) ||
         has_templates(text::portable_path(folder.parent_path().string()));
}

bool FoundTemplates::has_templates(const std::string& folder) const {
  {
    const std::scoped_lock lock(mutex_);
    const auto known = has_templates_.find(folder);
    if (known != has_templates_.end()) return known->second;
  }
  std::error_code failure;
  fs::directory_iterator entries(text::system_path(folder.empty() ? "." : folder), failure);
  const bool has = std::any_of(fs::begin(entries), fs::end(entries), [&](const fs::directory_entry& entry) {
    const std::string path = text::portable_path(entry.path().string());
    if (!project::is_dockerfile_name(path) || !entry.is_regular_file(failure)) return false;
    const auto text = files_.read(path);
    return text && dockerfile::is_template(dockerfile::parse(*text));
  });
  const std::scoped_lock lock(mutex_);
  return has_templates_[folder] = has;
}

}  // namespace dcache::cli

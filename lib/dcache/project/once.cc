#include "dcache/project/once.h"

#include <unordered_set>

namespace dcache::project {

void add_once(std::vector<std::string>& to, std::vector<std::string> more) {
  std::unordered_set<std::string> known(to.begin(), to.end());
  for (std::string& text : more) {
    if (!text.empty() && known.insert(text).second) to.push_back(std::move(text));
  }
}

}  // namespace dcache::project

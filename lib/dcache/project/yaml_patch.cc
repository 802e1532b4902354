#include "dcache/project/yaml_patch.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace dcache::project::yaml {
namespace {

using Path = std::vector<std::string>;

// `~1` is a slash in a name, and `~0` a tilde.
std::string unescaped(std::string_view part) {
  std::string name;
  for (size_t i = 0; i < part.size(); ++i) {
    const std::string_view rest = part.substr(i);
    const bool slash = rest.starts_with("~1");
    if (slash || rest.starts_with("~0")) {
      name += slash ? '/' : '~';
      ++i;
    } else {
      name += part[i];
    }
  }
  return name;
}

// Nothing if the path does not begin with a slash.
std::optional<Path> split(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  Path parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    const size_t end = std::min(path.find('/'), path.size());
    parts.push_back(unescaped(path.substr(0, end)));
    path.remove_prefix(end);
  }
  return parts;
}

std::optional<size_t> index_of(std::string_view text) {
  size_t index = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, index);
  return error == std::errc() && stop == end ? std::optional(index) : std::nullopt;
}

// The value of a name or of a number; null if there is none.
Value* child(Value& of, const std::string& key) {
  if (of.is_map()) return of.find(key);
  const auto index = index_of(key);
  return of.is_list() && index && *index < of.items.size() ? &of.items[*index] : nullptr;
}

Value* descend(Value& root, const Path& path, size_t parts) {
  Value* value = &root;
  for (size_t i = 0; i < parts && value != nullptr; ++i)
    value = child(*value, path[i]);
  return value;
}

void set_member(Value& map, const std::string& name, Value value) {
  if (Value* const known = map.find(name)) {
    *known = std::move(value);
  } else {
    const Place place = value.place;
    map.members.push_back({name, Kind::kText, place, std::move(value)});
  }
}

// `insert` makes room in a list, without it an item is replaced.
bool put(Value& container, const std::string& key, Value value, bool insert) {
  if (container.is_map()) {
    set_member(container, key, std::move(value));
    return true;
  }
  if (!container.is_list()) return false;
  std::vector<Value>& items = container.items;
  const bool last = key == "-" && insert;
  const auto index = last ? std::optional(items.size()) : index_of(key);
  if (!index || *index > items.size()) return false;
  const auto at = items.begin() + static_cast<std::ptrdiff_t>(*index);
  if (insert || at == items.end()) {
    items.insert(at, std::move(value));
  } else {
    *at = std::move(value);
  }
  return true;
}

bool remove(Value& container, const std::string& key) {
  Value* const found = child(container, key);
  if (found == nullptr) return false;
  if (container.is_map()) {
    container.erase(key);
  } else {
    container.items.erase(container.items.begin() + (found - container.items.data()));
  }
  return true;
}

bool apply_at(Value& root, const Patch& patch, const Path& path) {
  Value* const container = descend(root, path, path.size() - 1);
  const std::string& key = path.back();
  const Value value = patch.value.value_or(Value());
  if (patch.op == "move" || patch.op == "copy") {
    const auto from = split(patch.from);
    Value* const source = from ? descend(root, *from, from->size() - 1) : nullptr;
    Value* const found = source == nullptr ? nullptr : child(*source, from->back());
    if (found == nullptr) return false;
    Value taken = *found;
    if (patch.op == "move") remove(*source, from->back());
    Value* const to = descend(root, path, path.size() - 1);
    return to != nullptr && put(*to, key, std::move(taken), false);
  }
  if (container == nullptr) return false;
  if (patch.op == "add") return put(*container, key, value, true);
  if (patch.op == "remove") return remove(*container, key);
  const Value* const known = child(*container, key);
  if (patch.op == "test") return known != nullptr && same(*known, value);
  return patch.op == "replace" && known != nullptr && put(*container, key, value, false);
}

// The paths of the maps below a value that have a member with that text.
void find_maps(const Value& value, const std::string& name, const std::string& text, Path& path,
               std::vector<Path>& found) {
  const Value* const own = value.find(name);
  if (own != nullptr && own->is_text() && own->text == text) {
    found.push_back(path);
    return;
  }
  for (const Member& member : value.members) {
    path.push_back(member.name);
    find_maps(member.value, name, text, path, found);
    path.pop_back();
  }
  for (size_t i = 0; i < value.items.size(); ++i) {
    path.push_back(std::to_string(i));
    find_maps(value.items[i], name, text, path, found);
    path.pop_back();
  }
}

// All paths that one with `KEY=VALUE` in it means. There are few of them.
std::vector<Path> expanded(Value& root, const Path& path) {
  constexpr size_t kMost = 1000;
  std::vector<Path> paths = {{}};
  for (const std::string& part : path) {
    const size_t equals = part.find('=');
    std::vector<Path> longer;
    for (Path& before : paths) {
      const Value* const at = descend(root, before, before.size());
      if (equals == std::string::npos) {
        before.push_back(part);
        longer.push_back(std::move(before));
      } else if (at != nullptr && longer.size() < kMost) {
        find_maps(*at, part.substr(0, equals), part.substr(equals + 1), before, longer);
      }
    }
    paths = std::move(longer);
  }
  std::erase_if(paths, &Path::empty);
  return paths;
}

}  // namespace

bool apply(Value& root, const Patch& patch) {
  const auto path = split(patch.path);
  if (!path || path->empty()) return false;
  if (patch.path.find('=') == std::string::npos) return apply_at(root, patch, *path);
  const std::vector<Path> paths = expanded(root, *path);
  return !paths.empty() &&
         std::ranges::all_of(paths, [&](const Path& one) { return apply_at(root, patch, one); });
}

}  // namespace dcache::project::yaml

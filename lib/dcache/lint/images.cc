#include "dcache/lint/images.h"

#include <algorithm>

#include "dcache/plan/image.h"
#include "dcache/text/path.h"

namespace dcache::lint {

std::string_view image_name(std::string_view reference) {
  std::string_view name = plan::read_reference(reference).name;
  for (const std::string_view prefix : {"docker.io/", "index.docker.io/", "library/"}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  return name;
}

bool is_image(ImageKind kind, std::string_view reference) {
  const ImageNames& known = names_of(kind);
  const std::string_view name = image_name(reference);
  const std::string_view base = text::base_name(name);
  const std::string_view tag = plan::read_reference(reference).tag;
  const auto any = [](std::span<const std::string_view> list, const auto& fits) {
    return std::ranges::any_of(list, fits);
  };
  return any(known.names, [&](std::string_view one) { return one == name; }) ||
         any(known.base_names, [&](std::string_view one) { return one == base; }) ||
         any(known.prefixes, [&](std::string_view one) { return name.starts_with(one); }) ||
         any(known.base_prefixes, [&](std::string_view one) { return base.starts_with(one); }) ||
         any(known.parts,
             [&](std::string_view one) { return reference.find(one) != std::string_view::npos; }) ||
         any(known.tag_parts, [&](std::string_view one) { return tag.find(one) != std::string_view::npos; });
}

}  // namespace dcache::lint

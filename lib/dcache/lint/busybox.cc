#include "dcache/lint/busybox.h"

#include <algorithm>

#include "dcache/plan/image.h"

namespace dcache::lint {

bool has_busybox_shell(std::string_view image) {
  constexpr std::string_view kOnAlpine[] = {"docker",  "caddy",           "composer",           "registry",
                                            "traefik", "curlimages/curl", "hashicorp/terraform"};
  std::string_view name = plan::read_reference(image).name;
  for (const std::string_view prefix : {"docker.io/", "index.docker.io/", "library/"}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  return image.find("alpine") != std::string_view::npos || image.find("busybox") != std::string_view::npos ||
         std::ranges::find(kOnAlpine, name) != std::end(kOnAlpine);
}

}  // namespace dcache::lint

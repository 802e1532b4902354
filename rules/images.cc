#include "rules/images.h"

#include <algorithm>

namespace dcache::rules {

ImageReference read_reference(std::string_view text) {
  ImageReference reference;
  const size_t at = std::min(text.find('@'), text.size());
  reference.digest = text.substr(std::min(at + 1, text.size()));
  reference.name = text.substr(0, at);
  const size_t slash = reference.name.rfind('/');
  const size_t colon = reference.name.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon == std::string_view::npos) return reference;
  reference.tag = reference.name.substr(colon + 1);
  reference.name = reference.name.substr(0, colon);
  return reference;
}

}  // namespace dcache::rules

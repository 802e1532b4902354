// What ONBUILD of an image of the project makes the builds do that start from it.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/project/images.h"
#include "dcache/project/needs.h"

namespace dcache::project {

// The text of the Dockerfile; the error is a sentence.
tl::expected<std::string, std::string> dockerfile_of(const Image& image);

// The first needed image whose ONBUILD instructions read the context of the build that starts from it. Null
// for none. Reads the Dockerfiles of the needed images; one that can't be read has none.
const Image* base_with_triggers(const ImageNeeds::References& needed, const std::vector<Image>& images);

}  // namespace dcache::project

// Images that start as root and give it up by themselves.
#pragma once

#include "rules/final_image.h"

namespace dcache::rules {

// Whether what the image starts gives up root: a service that is known to, a program such as gosu that the
// file names, or the start of the base image where the file sets no other.
bool gives_up_root(const FinalImage& image);

}  // namespace dcache::rules

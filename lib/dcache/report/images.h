// What `dcache images` says, for people and for programs.
//
// JSON: {"version":1,"images":[{"name","dockerfile","dockerfile_inline"?,"context","target"?,"args":{},
// "contexts":{},"platforms":[],"tags":[],"labels":{},"annotations":[],"needs":[],"cache_from":[],"cache_to":[],"unknown":[…],
// "folder","defined":{"path","line","kind"},"also_defined":[{"path","line","kind","name"}]}],"groups":[{"name","members":[]}],
// "skipped":[{"name","reason","defined"}]}. `context`, `dockerfile` and `contexts` are as the definition says
// and `docker buildx bake --print` writes them: relative to `folder`, and the Dockerfile to its context.
#pragma once

#include <string>

#include "dcache/project/images.h"
#include "dcache/report/style.h"

namespace dcache::report {

void append_images(const project::Project& project, const Style& style, std::string& out);
void append_images_json(const project::Project& project, std::string& out);

}  // namespace dcache::report

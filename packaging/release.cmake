# What cpack makes the .deb and the .rpm of a release from: scripts/release runs it with VERSION, ROOT (the folder with usr/),
# PLATFORM (linux-x64 or linux-arm64), OUT and CONTACT in the environment. The program is static, so that the packages depend on nothing.
set(CPACK_PACKAGE_NAME dcache)
set(CPACK_PACKAGE_FILE_NAME "dcache-$ENV{VERSION}")
set(CPACK_PACKAGE_VENDOR dcache)
set(CPACK_PACKAGE_VERSION "$ENV{VERSION}")
set(CPACK_PACKAGE_CONTACT "dcache maintainers <$ENV{CONTACT}>")
set(CPACK_PACKAGE_HOMEPAGE_URL "$ENV{ADDRESS}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Says which steps of a Docker build will rebuild, and why, before anyone builds")
set(CPACK_PACKAGE_DESCRIPTION
  "The command dcache lints Dockerfiles, explains which edits rebuild which\n steps of a Docker build, and serves editors with both.")
set(CPACK_PACKAGE_DIRECTORY "$ENV{OUT}")
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_INSTALLED_DIRECTORIES "$ENV{ROOT};.")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS shellcheck)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_DESCRIPTION "The command dcache lints Dockerfiles, explains which edits rebuild which steps of a Docker build, and serves editors with both.")
set(CPACK_RPM_PACKAGE_LICENSE Apache-2.0)
set(CPACK_RPM_PACKAGE_GROUP Development/Tools)
set(CPACK_RPM_PACKAGE_AUTOREQPROV no)
# CPack 3.25 has no variable for Recommends. The time of packages is that of the commit, as that of everything else.
set(CPACK_RPM_SPEC_MORE_DEFINE "Recommends: ShellCheck\n%define _build_id_links none\n%define use_source_date_epoch_as_buildtime 1\n%define clamp_mtime_to_source_date_epoch 1\n%define _buildhost reproducible\n%define __strip /bin/true\n%define __brp_strip /bin/true")
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /usr/share/man /usr/share/man/man1 /usr/share/zsh /usr/share/zsh/site-functions
  /usr/share/fish /usr/share/fish/vendor_completions.d /usr/share/bash-completion /usr/share/bash-completion/completions)

if("$ENV{PLATFORM}" STREQUAL linux-arm64)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
  set(CPACK_RPM_PACKAGE_ARCHITECTURE aarch64)
else()
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE amd64)
  set(CPACK_RPM_PACKAGE_ARCHITECTURE x86_64)
endif()

#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/git/git_repository.hpp"
#include "plugins/git/odd_trees.hpp"
#include "tests/support/git_target.hpp"

using namespace cdctl;
using Catch::Matchers::Contains;

namespace {

std::string entry(const std::string& mode, const std::string& name,
                  const std::string& id = std::string(40, '1')) {
  auto out = mode + " " + name + '\0';
  for (std::size_t i = 0; i < id.size(); i += 2)
    out += static_cast<char>(std::stoi(id.substr(i, 2), nullptr, 16));
  return out;
}

/// Somebody makes trees by hand.
struct Stand : test::GitTarget {
  git::GitRepository repository{host};

  explicit Stand(MergeMethod method) { target.method = method; }
  std::string tree(const std::string& raw) {
    const auto file = dir.path() / "tree";
    REQUIRE(write_file_atomically(file, raw, 0644));
    return work.git({"hash-object", "-t", "tree", "--literally", "-w", file.string()});
  }
  /// A tree in which a name is a symbolic link and a folder.
  std::string twice() {
    const auto blob = work.git({"rev-parse", "main:words"});
    return tree(entry("120000", "lnk", blob) +
                entry("40000", "lnk", tree(entry("100644", "config", blob))));
  }
  std::string commit(const std::string& tree, const std::string& parent) {
    return work.git({"commit-tree", "-m", "By hand", "-p", parent, tree});
  }
  MergeAnswer merge(const std::string& head) {
    propose(head);
    auto out = repository.merge(target, request(), test::k_long);
    if (!out) FAIL(out.error().what);
    return *out;
  }
};

}  // namespace

TEST_CASE("a tree is odd by a name that none may have, by one twice, and by its order") {
  const auto file = [](const std::string& name) { return entry("100644", name); };
  CHECK(git::odd_entry("", 20).empty());
  CHECK(git::odd_entry(file("a") + file("a.b") + entry("40000", "a") + file("b"), 20) ==
        "a is there twice");
  CHECK(git::odd_entry(file("a-b") + entry("40000", "a") + file("ab"), 20).empty());
  CHECK_THAT(git::odd_entry(entry("40000", "a") + file("a-b"), 20),
             Contains("a-b is not where it has to be"));
  for (const auto* name : {"..", ".", ".GiT", "a/b", ""})
    CHECK_THAT(git::odd_entry(file(name), 20, "deep"), Contains("nothing can be called deep/"));
  CHECK_THAT(git::odd_entry(file("a").substr(0, 12), 20), Contains("cannot be read"));
  CHECK_THAT(git::odd_entry("100644", 20), Contains("cannot be read"));
}

TEST_CASE("a tree that no clone would have alike does not land in an earlier commit either") {
  for (const auto method : {MergeMethod::merge, MergeMethod::squash, MergeMethod::rebase}) {
    Stand s(method);
    const auto good = s.work.git({"rev-parse", "main^{tree}"});
    const auto blob = s.work.git({"rev-parse", "main:words"});
    const auto better = s.tree(entry("100644", "more", blob) + entry("100644", "words", blob));
    const auto deep = s.tree(entry("40000", "deep", s.twice()) + entry("100644", "words", blob));
    for (const auto& odd : {s.twice(), deep}) {
      const auto made = s.merge(s.commit(better, s.commit(odd, "main")));
      CHECK(made.commit.empty());
      REQUIRE(made.conflicts.size() == 1);
      CHECK_THAT(made.conflicts.front(), Contains("lnk is there twice"));
    }
    CHECK_FALSE(s.merge(s.commit(better, s.commit(good, "main"))).commit.empty());
  }
}

TEST_CASE("what is odd on the target already is nobody's proposal") {
  Stand s(MergeMethod::merge);
  const auto blob = s.work.git({"rev-parse", "main:words"});
  const auto odd = s.twice();
  const auto of = [&](const std::string& word) {
    return s.tree(entry("100644", word, blob) + entry("40000", "deep", odd));
  };
  const auto main = s.commit(of("a"), "main");
  s.push("main", main);
  const auto made = s.merge(s.commit(of("b"), main));
  CHECK(made.conflicts.empty());
}

#include <catch2/catch.hpp>

#include <algorithm>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/git/git_repository.hpp"
#include "tests/unit/git/landing_stand.hpp"

using namespace cdctl;
using Catch::Matchers::Contains;
using test::k_all, test::k_long;
using Stand = test::LandingStand;

TEST_CASE("a merge keeps the approved head as an ancestor, and its commits as they are") {
  Stand s(MergeMethod::merge);
  s.begin();
  s.work.commit("a", "1");
  s.propose();
  s.go_on("b", "2");
  const auto head = s.request().head;
  s.land_now();
  CHECK_NOTHROW(s.origin.git({"merge-base", "--is-ancestor", head, "main"}));
  CHECK(s.show("%P", "main").ends_with(head));
}

TEST_CASE("a squash is one commit by its author, and says of which head it is") {
  Stand s(MergeMethod::squash);
  s.begin();
  s.work.commit("a", "1");
  s.work.commit("b", "2");
  s.propose();
  s.go_on("c", "3");
  const auto before = s.main();
  s.land_now();
  CHECK(s.show("%P", "main") == before);
  CHECK(s.show("%an <%ae> %cn", "main") == "Alice <alice@example.com> cdctl");
  CHECK(s.show("%B", "main")
            .ends_with("Fix it\n\nReviewed-by: bob@example.com\nLand-head: " + s.request().head));
  CHECK(s.origin.git({"show", "main:a"}) == "1");
  CHECK(s.origin.git({"show", "main:c"}) == "3");
}

TEST_CASE("a rebase makes its commits anew, with their authors, words and times") {
  Stand s(MergeMethod::rebase);
  s.begin();
  s.work.write("a", "1");
  s.work.git({"add", "--all"});
  s.work.git({"-c", "i18n.commitEncoding=ISO-8859-1", "commit", "--quiet", "--author",
              "Zo\xc3\xab <zoe@example.com>", "--date", "2020-01-02T03:04:05+0700", "-m",
              "First\n\nof two\n\nLand-head: somebody else's"});
  s.work.commit("b", "2");
  s.propose();
  s.go_on("c", "3");
  const auto before = s.main();
  s.land_now();
  CHECK(s.origin.git({"rev-list", "--count", before + "..main"}) == "2");
  CHECK(s.show("%P", "main~1") == before);
  CHECK(s.show("%ae %aI", "main~1") == "zoe@example.com 2020-01-02T03:04:05+07:00");
  CHECK(s.show("%e", "main~1") == "ISO-8859-1");
  CHECK(s.show("%B", "main~1") == "First\n\nof two");
  CHECK(s.show("%B", "main")
            .ends_with("write b\n\nReviewed-by: bob@example.com\nLand-head: " + s.request().head));
  CHECK(s.show("%cn %ce", "main") == "cdctl carol@web1");
}

TEST_CASE("a claim that goes on in the next line, or hides in an encoding, does not land") {
  Stand s(MergeMethod::rebase);
  s.begin();
  s.work.write("a", "1");
  s.work.git({"add", "--all"});
  s.work.git({"commit", "--quiet", "-m",
              "First\n\nwhy\n\nReviewed-by: bob@example.com\n and ceo@example.com"});
  s.work.write("b", "2");
  s.work.git({"add", "--all"});
  s.work.git({"-c", "i18n.commitEncoding=ISO-2022-JP", "commit", "--quiet", "-m",
              "Second\n\nwhy\n\nRev\x1b(Biewed-by: ceo@example.com\nLand\x1b(B-State: landed"});
  s.propose();
  const auto before = s.main();
  s.land_now();
  CHECK(s.origin.git({"rev-list", "--count", before + "..main"}) == "2");
  for (const auto* commit : {"main", "main~1"}) {
    CHECK_FALSE(s.show("%B", commit).contains("ceo"));
    CHECK_FALSE(s.show("%B", commit).contains("Land-State"));
    CHECK(s.show("%e", commit).empty());
    CHECK(s.show("%an", commit) == s.show("%an", s.request().head));
  }
  CHECK(s.show("%s", "main") == "Second");
}

TEST_CASE("of what stands on the target's newest commit the last is made anew for its reviewers") {
  Stand s(MergeMethod::rebase);
  s.go_on("b", "2");
  s.begin();
  s.work.commit("a", "1");
  s.work.commit("c", "3");
  s.propose();
  const auto head = s.request().head;
  const auto made = s.land_now();
  CHECK(s.show("%P", "main") == s.work.git({"rev-parse", head + "^"}));
  CHECK(s.show("%an %aI", "main") == s.show("%an %aI", head));
  CHECK(s.show("%B", "main").ends_with("\nReviewed-by: bob@example.com\nLand-head: " + head));
  CHECK(s.merge().merged);
  CHECK(made.tree == s.origin.git({"rev-parse", head + "^{tree}"}));
}

TEST_CASE("what stands on the target and is signed, or names its reviewers, stays as it is") {
  for (const bool is_signed : {true, false}) {
    INFO(is_signed);
    Stand s(MergeMethod::rebase);
    s.go_on("b", "2");
    s.begin();
    s.work.commit("a", "1");
    if (is_signed) {
      s.sign_head();
    } else {
      s.work.git({"commit", "--quiet", "--amend", "-m", "One\n\nReviewed-by: bob@example.com"});
    }
    s.propose();
    const auto made = s.land_now();
    CHECK(made.commit == s.request().head);
    CHECK(s.main() == s.request().head);
  }
}

TEST_CASE("the same request gives the same commit in another home") {
  for (const auto method : k_all) {
    Stand s(method);
    s.begin();
    s.work.commit("a", "1");
    s.work.commit("b", "1");
    s.propose();
    s.go_on("c", "3");
    const auto one = s.merge();
    test::TestHost other(s.dir.path() / "other");
    other.config_value.file = s.host.config_value.file;
    const auto two = git::GitRepository(other).merge(s.target, s.request(), k_long);
    REQUIRE(two);
    CHECK(one.commit == two->commit);
  }
}

TEST_CASE("what has landed does not land twice, by whichever method and hand") {
  for (const auto method : k_all) {
    INFO(static_cast<int>(method));
    {  // by us, and then the target went on in the same lines
      Stand s(method);
      s.begin();
      s.work.commit("words", "one\nTWO\nthree\nfour\nfive\n");
      s.propose();
      s.go_on("b", "2");
      const auto made = s.land_now();
      CHECK(s.merge().merged);
      CHECK(s.land(made).state == LandAnswer::State::there);
      s.work.git({"fetch", "--quiet", s.origin.url(), "main"});
      s.work.git({"reset", "--quiet", "--hard", "FETCH_HEAD"});
      s.go_on("words", "one\n2\nthree\nfour\nfive\n");
      CHECK(s.merge().merged);
      s.go_on("words", "one\ntwo\nthree\nfour\nfive\n");  // taken back
      CHECK(s.merge().merged);
    }
    {  // by hand, as one commit, and then the target went on in the same lines
      Stand s(method);
      s.begin();
      s.work.commit("words", "one\nTWO\nthree\nfour\nfive\n");
      s.work.commit("more", "x");
      s.propose();
      s.work.git({"checkout", "--quiet", "main"});
      s.work.git({"merge", "--quiet", "--squash", "fix"});
      s.work.commit_all("By hand");
      s.push("main");
      CHECK(s.merge().merged);
      s.go_on("words", "one\n2\nthree\nfour\nfive\n");
      CHECK(s.merge().merged);
    }
    {  // by hand, as one commit, and taken back; rebased it is somebody's wish
      Stand s(method);
      s.begin();
      s.work.commit("words", "one\nTWO\nthree\nfour\nfive\n");
      s.work.commit("more", "x");
      s.propose();
      s.work.git({"checkout", "--quiet", "main"});
      s.work.git({"merge", "--quiet", "--squash", "fix"});
      s.work.commit_all("By hand");
      s.work.git({"revert", "--no-edit", "HEAD"});
      s.push("main");
      CHECK(s.merge().merged);
      s.work.git({"checkout", "--quiet", "fix"});
      s.work.git({"rebase", "--quiet", "main"});
      s.propose();
      s.land_now();
      CHECK(s.origin.git({"show", "main:more"}) == "x");
    }
    {  // by hand, one by one
      Stand s(method);
      s.begin();
      s.work.commit("words", "one\nTWO\nthree\nfour\nfive\n");
      s.work.commit("more", "x");
      s.propose();
      s.go_on("other", "x");
      s.work.git({"cherry-pick", "main..fix"});
      s.push("main");
      s.go_on("words", "one\n2\nthree\nfour\nfive\n");
      CHECK(s.merge().merged);
    }
  }
}

TEST_CASE("a conflict names its files, by each method") {
  for (const auto method : k_all) {
    Stand s(method);
    s.begin();
    s.work.commit("words", "one\nTWO\nthree\nfour\nfive\n");
    s.propose();
    s.go_on("words", "one\n2\nthree\nfour\nfive\n");
    const auto made = s.merge();
    CHECK(made.conflicts == std::vector<std::string>{"words"});
    CHECK(made.commit.empty());
  }
}

TEST_CASE("a rebase that would lose what a merge commit changed is a conflict") {
  Stand s(MergeMethod::rebase);
  s.begin();
  s.work.commit("a", "1");
  s.go_on("b", "2");
  s.work.git({"checkout", "--quiet", "fix"});
  s.work.git({"merge", "--quiet", "--no-commit", "main"});
  s.work.commit("only-in-the-merge", "x");
  s.propose();
  s.go_on("c", "3");
  CHECK_THAT(joined(s.merge().conflicts), Contains("lost by a rebase"));
  Stand plain(MergeMethod::rebase);
  plain.begin();
  plain.work.commit("a", "1");
  plain.go_on("b", "2");
  plain.work.git({"checkout", "--quiet", "fix"});
  plain.work.git({"merge", "--quiet", "--no-edit", "main"});
  plain.propose();
  plain.go_on("c", "3");
  plain.land_now();
  CHECK(plain.origin.git({"rev-list", "--count", "--merges", "main"}) == "0");
}

TEST_CASE("a commit of which nothing is left is left out of a rebase") {
  Stand s(MergeMethod::rebase);
  s.begin();
  s.work.commit("a", "1");
  s.work.commit("b", "2");
  s.propose();
  s.go_on("a", "1");
  const auto before = s.main();
  s.land_now();
  CHECK(s.origin.git({"rev-list", "--count", before + "..main"}) == "1");
}

TEST_CASE("submodule links, LFS pointers, symlinks and CRLF arrive byte for byte") {
  for (const auto method : k_all) {
    INFO(static_cast<int>(method));
    Stand s(method);
    s.begin();
    const std::string pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:" + std::string(64, 'a') +
        "\nsize 12345\n";
    s.work.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n*.txt text\n");
    s.work.write("big.bin", pointer);
    s.work.write("dos.txt", "one\r\ntwo\r\n");
    s.work.write("tool", "#!/bin/sh\n", true);
    std::filesystem::create_symlink("../elsewhere/words", s.work.path() / "link");
    s.work.git({"-c", "core.autocrlf=false", "-c", "core.attributesFile=/dev/null", "-c",
                "filter.lfs.clean=cat", "add", "--all"});
    // CRLF as a blob has it, whatever the attributes say
    const auto blob =
        s.work.git({"hash-object", "-w", "--no-filters", (s.work.path() / "dos.txt").string()});
    s.work.git({"update-index", "--add", "--cacheinfo", "100644," + blob + ",dos.txt"});
    s.work.git({"update-index", "--add", "--cacheinfo",
                "160000," + std::string(40, '1') + ",vendor/module"});
    s.work.git({"commit", "--quiet", "-m", "All kinds"});
    s.propose();
    s.work.git({"checkout", "--quiet", "--force", "main"});
    s.go_on("b", "2");
    const auto head = s.request().head;
    s.land_now();
    for (const auto* file : {"big.bin", "dos.txt", "tool", "link", "vendor/module"}) {
      INFO(file);
      CHECK(s.origin.git({"ls-tree", "main", file}) == s.origin.git({"ls-tree", head, file}));
    }
    // and what is tested has them, too
    const auto into = s.dir.path() / "checkout";
    REQUIRE(s.repository.checkout(s.target, s.main(), into, k_long));
    CHECK(read_file(into / "big.bin") == pointer);
    CHECK(std::filesystem::read_symlink(into / "link") == "../elsewhere/words");
  }
}

TEST_CASE("a name that changes its case alone arrives") {
  for (const auto method : k_all) {
    Stand s(method);
    s.begin();
    s.work.git({"mv", "words", "Words"});
    s.work.commit_all("Case");
    s.propose();
    s.go_on("b", "2");
    s.land_now();
    CHECK(s.origin.git({"ls-tree", "--name-only", "main"}) == "Words\nb");
  }
}

TEST_CASE("only what was made of a head on its base is pushed") {
  for (const auto method : k_all) {
    INFO(static_cast<int>(method));
    Stand s(method);
    s.begin();
    s.work.commit("a", "1");
    s.propose();
    s.go_on("b", "2");
    const auto made = s.merge();
    const auto refused = [&](const MergeAnswer& other) {
      const auto out = s.repository.land(s.target,
                                         {other.commit, other.tree, other.base,
                                          "refs/heads/propose/main/fix", s.request().head, false},
                                         k_long);
      return !out && out.error().exit == ExitCode::refused;
    };
    CHECK(refused({made.base, false, {}, made.commit, std::string(40, '0')}));
    CHECK(refused({made.base, false, {}, s.main() + "", made.tree}));
    CHECK(refused({s.work.git({"rev-parse", "main~1"}), false, {}, made.base, made.tree}));
    CHECK(s.land(made).state == LandAnswer::State::landed);
  }
}

TEST_CASE("the branch of a candidate for a CI is pushed, and removed, as often as asked") {
  Stand s(MergeMethod::merge);
  s.begin();
  s.work.commit("a", "1");
  s.propose();
  const auto made = s.merge();
  for (int i = 0; i < 2; ++i)
    REQUIRE(s.repository.stage(s.target, "refs/heads/staging/main/x", made.commit, k_long));
  CHECK(s.origin.git({"rev-parse", "staging/main/x"}) == made.commit);
  for (int i = 0; i < 2; ++i)
    REQUIRE(s.repository.stage(s.target, "refs/heads/staging/main/x", {}, k_long));
  CHECK_THROWS(s.origin.git({"rev-parse", "--verify", "--quiet", "staging/main/x"}));
}

TEST_CASE("a request without a ref pushes nothing, and says whether the target has it") {
  Stand s(MergeMethod::merge);
  s.begin();
  s.work.commit("a", "1");
  s.propose();
  const auto made = s.merge();
  const auto head = s.request().head;
  const auto before = s.main();
  const auto look = [&] {
    return s.repository.land(s.target, {made.commit, made.tree, made.base, {}, head, false},
                             k_long);
  };
  const auto first = look();
  REQUIRE(first);
  CHECK(first->state != LandAnswer::State::there);
  CHECK(s.main() == before);
  s.land(made);
  const auto second = look();
  REQUIRE(second);
  CHECK(second->state == LandAnswer::State::there);
  CHECK(second->tree == made.tree);
}

TEST_CASE(
    "a tree that no file system takes is its own fault, and a commit that is not there is not") {
  Stand s(MergeMethod::merge);
  const auto tree_of = [&](const std::string& mode, const std::string& name,
                           const std::string& id) {
    std::string raw = mode + " " + name + '\0';
    for (std::size_t i = 0; i < id.size(); i += 2)
      raw += static_cast<char>(std::stoi(id.substr(i, 2), nullptr, 16));
    const auto file = s.dir.path() / "tree";
    REQUIRE(write_file_atomically(file, raw, 0644));
    return s.work.git({"hash-object", "-t", "tree", "--literally", "-w", file.string()});
  };
  const auto blob = s.work.git({"rev-parse", "main:words"});
  // and what git would check out all the same is refused before
  const auto raw_of = [&](const std::string& mode, const std::string& id) {
    (void)tree_of(mode, "lnk", id);
    return read_file(s.dir.path() / "tree").value_or("");
  };
  const auto both = raw_of("120000", blob) + raw_of("40000", tree_of("100644", "config", blob));
  REQUIRE(write_file_atomically(s.dir.path() / "both", both, 0644));
  const auto twice = s.work.git(
      {"hash-object", "-t", "tree", "--literally", "-w", (s.dir.path() / "both").string()});
  for (const auto& tree : {tree_of("40000", ".GIT", tree_of("100644", "config", blob)), twice}) {
    s.push("propose/main/fix", s.work.git({"commit-tree", "-m", "Odd", "-p", "main", tree}));
    const auto made = s.merge();
    INFO(tree << " " << joined(made.conflicts));
    CHECK(made.commit.empty());
    CHECK(made.conflicts.size() == 1);
  }
  const std::vector<std::string> odd{tree_of("40000", ".git", tree_of("100644", "config", blob)),
                                     tree_of("100644", "..", blob),
                                     tree_of("100644", std::string(300, 'x'), blob)};
  for (const auto& entry : odd) {
    INFO(entry);
    s.push("odd", s.work.git({"commit-tree", "-m", "Odd", entry}));
    s.target.branch = "odd";
    s.push("propose/main/fix");
    (void)s.repository.merge(s.target, s.request(), k_long);  // brings both here
    const auto done = s.repository.checkout(s.target, s.origin.git({"rev-parse", "odd"}),
                                            s.dir.path() / "odd-files", k_long);
    REQUIRE_FALSE(done);
    CHECK(done.error().exit == ExitCode::failed);
    CHECK_THAT(done.error().what, Contains("its files cannot be checked out"));
    std::filesystem::remove_all(s.dir.path() / "odd-files");
  }
  const auto gone =
      s.repository.checkout(s.target, std::string(40, '1'), s.dir.path() / "x", k_long);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().exit == ExitCode::unknown);
}

TEST_CASE("what a fork proposes lands, also from a branch that has the target's name") {
  for (const std::string branch : {"fix", "main"}) {
    INFO(branch);
    Stand s(MergeMethod::merge);
    test::GitRepo fork(s.dir.path() / "fork.git", true);
    const auto push = [&] {
      s.work.git({"push", "--quiet", "--force", fork.url(), "HEAD:refs/heads/" + branch});
      return s.work.git({"rev-parse", "HEAD"});
    };
    s.begin();
    s.work.commit("a", "1");
    const auto head = push();
    s.go_on("b", "2");
    const auto base = s.main();
    auto request = s.request_of(head, "refs/heads/" + branch);
    request.url = fork.url();
    const auto made = s.repository.merge(s.target, request, k_long);
    if (!made) FAIL(made.error().what);
    CHECK(made->base == base);
    const auto land = [&](const std::string& what) {
      auto out = s.repository.land(
          s.target, {made->commit, made->tree, made->base, "refs/heads/" + branch, what, true},
          k_long);
      if (!out) FAIL(out.error().what);
      return *out;
    };
    // Pushed over in the fork: what was merged is not what is proposed.
    s.work.git({"checkout", "--quiet", "fix"});
    s.work.commit("a", "3");
    push();
    CHECK(land(head).state == LandAnswer::State::proposal_moved);
    CHECK(s.main() == base);
    s.work.git({"reset", "--quiet", "--hard", head});
    push();
    const auto answer = land(head);
    CHECK(answer.state == LandAnswer::State::landed);
    CHECK(answer.tree == made->tree);
    CHECK(s.main() == made->commit);
    // A branch of the fork is not ours to remove, nor one of that name in the target's repository.
    CHECK_FALSE(answer.branch_removed);
    CHECK(fork.git({"rev-parse", branch}) == head);
    CHECK(land(head).state == LandAnswer::State::there);
  }
}

# SPDX-License-Identifier: BSD-3-Clause
"""What a run of the tests says at its end."""
import summary


def test_columns_of_cpus():
    passed = ["tests/virt/test_virt.py::test_hello[kvm-riscv64]", "tests/virt/test_arm64.py::test_el2", "tests/virt/test_rules.py::test_it",
              "tests/security/test_attacks.py::test_attack[kernel-smash-kvm-arm64]", "tests/net/test_net.py::test_it"]
    failed = ["tests/virt/test_virt.py::test_hello[kvm-arm64]"]
    head, *rows = (" ".join(line.split()) for line in summary.by_cpu(passed, failed))
    assert head == "x86_64 arm64 riscv64"
    assert rows == ["security 0 1 0", "virt 1 1, 1 failed 1", "all 2 2, 1 failed 1"]


def test_none_without_other_cpus():
    assert summary.by_cpu(["tests/net/test_net.py::test_it"], []) == []

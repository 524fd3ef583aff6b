/* implied.cpp: features that LLVM takes for granted, given a list of them.
**
**     implied TRIPLE CPU +A,+B...     prints those that neither the CPU nor the list has, a line each
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <cstdio>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <memory>
#include <string>

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargetMCs();
    std::string error, list = "," + std::string(argv[3]) + ",";
    const llvm::Target *target = llvm::TargetRegistry::lookupTarget(argv[1], error);
    if (!target)
        return 3;
    std::unique_ptr<llvm::MCSubtargetInfo> base(target->createMCSubtargetInfo(argv[1], argv[2], ""));
    std::unique_ptr<llvm::MCSubtargetInfo> with(
        target->createMCSubtargetInfo(argv[1], argv[2], argv[3]));
    for (const llvm::SubtargetFeatureKV &f : with->getAllProcessorFeatures())
        if (with->getFeatureBits()[f.Value] && !base->getFeatureBits()[f.Value] &&
            list.find(",+" + std::string(f.Key) + ",") == std::string::npos)
            std::printf("%s\n", f.Key);
    return 0;
}

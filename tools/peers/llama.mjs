// llama.cpp, as node-llama-cpp brings it: loads a GGUF file, reads 512 tokens, and
// prints how many milliseconds each took, as a JSON object.
//
//     node llama.mjs FILE THREADS SECONDS
//
// peers.sh copies it beside the node_modules that it imports from.
import {getLlama} from "node-llama-cpp";

const [file, threads, seconds] = process.argv.slice(2);

const start = performance.now();
const llama = await getLlama({gpu: false, build: "never", maxThreads: Number(threads), logLevel: "error"});
const model = await llama.loadModel({modelPath: file});
const load = performance.now() - start;

const context = await model.createContext({contextSize: 1024, batchSize: 512, threads: Number(threads)});
const sequence = context.getSequence();
const tokens = Array.from({length: 512}, (_, i) => 100 + 37 * i);
const prefill = [];
let end = Infinity;
for (let run = 0; run < 4 || performance.now() < end; run++) {
    await sequence.clearHistory();
    const begin = performance.now();
    await sequence.evaluateWithoutGeneratingNewTokens(tokens);
    if (run > 0) prefill.push(performance.now() - begin); // the first does not count
    else end = performance.now() + 1000 * Number(seconds);
}
console.log(JSON.stringify({load: [load], prefill}));
process.exit(0);

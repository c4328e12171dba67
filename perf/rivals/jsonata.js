// The reference as a contender of benches/jsonata.rs: a question a line in, a number or the outputs out.
//
//   NODE_PATH=…/node_modules node perf/rivals/jsonata.js EVENTS.ndjson
//
// A question is {"expr", "mode": "outputs" | "text" | "evaluate", "passes"}; what is timed is nanoseconds an event.
const jsonata = require('jsonata');
const lines = require('fs').readFileSync(process.argv[2], 'utf8').split('\n').filter((line) => line !== '');
const values = lines.map((line) => JSON.parse(line));

async function answer({ expr, mode, passes }) {
    const expression = jsonata(expr);
    if (mode === 'outputs') {
        return Promise.all(values.map((value) => expression.evaluate(value)));
    }
    let length = 0;
    const start = process.hrtime.bigint();
    for (let pass = 0; pass < passes; pass++) {
        if (mode === 'text') {
            for (const line of lines) {
                const text = JSON.stringify(await expression.evaluate(JSON.parse(line)));
                length += text === undefined ? 0 : text.length;
            }
        } else {
            for (const value of values) length += (await expression.evaluate(value)) === undefined ? 0 : 1;
        }
    }
    const time = Number(process.hrtime.bigint() - start);
    return length < 0 ? null : time / (passes * lines.length);
}

(async () => {
    for await (const line of require('readline').createInterface({ input: process.stdin })) {
        process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n');
    }
})();

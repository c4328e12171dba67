// Answers expressions as the reference does: a line {"id", "expr", "input"?} in, a line out, for tests/jsonata/grow.rs.
// It needs the npm package jsonata, found by NODE_PATH.
const jsonata = require('jsonata');

const isFunction = (value) =>
    typeof value === 'function' || (value && (value._jsonata_lambda === true || value._jsonata_function === true));

// A function has no JSON, nor has a number that is not finite.
const plain = (key, value) => {
    if (isFunction(value)) return null;
    return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
};

async function answer(line) {
    const question = JSON.parse(line);
    try {
        // Some evaluations never end, though nothing runs.
        const never = new Promise((_, refuse) => setTimeout(() => refuse(new Error('no answer')), 2000));
        const result = await Promise.race([jsonata(question.expr).evaluate(question.input), never]);
        if (result === undefined) return { id: question.id, undefined: true };
        if (isFunction(result)) return { id: question.id, function: true };
        return { id: question.id, result };
    } catch (error) {
        const { code = 'internal', message } = error;
        return { id: question.id, error: { code, message } };
    }
}

// Parts are evaluated side by side, and a second one that fails is nobody's.
process.on('unhandledRejection', () => {});

// What cannot be written is an answer too.
function text(given) {
    try {
        return JSON.stringify(given, plain);
    } catch (error) {
        return JSON.stringify({ id: given.id, error: { code: 'internal', message: error.message } });
    }
}

(async () => {
    for await (const line of require('readline').createInterface({ input: process.stdin })) {
        process.stdout.write(text(await answer(line)) + '\n');
    }
})();

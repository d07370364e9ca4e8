FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Production only: the `node` package among the development dependencies stays out, the image has its own.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-slim AS web
WORKDIR /app
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY samples ./samples
COPY clients ./clients
COPY web ./web
RUN node web/build.mjs

FROM node:24-slim
ENV NODE_ENV=production DATA_DIR=/data HOST=0.0.0.0 PORT=8080
WORKDIR /app
RUN mkdir /data && chown node:node /data
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY src ./src
COPY samples ./samples
COPY --from=web /app/web/dist ./web/dist
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# With no JWT_SECRET a key is made at first start, kept in /data/.carrel and printed once.
CMD ["node", "bin/carrel.mjs", "serve", "--make-key"]

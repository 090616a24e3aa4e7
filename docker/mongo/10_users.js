// Run by the image at the very first start, in the database marketplace: who writes it, and who reads it.
db.createUser({
    user: "writer",
    pwd: process.env.MONGO_WRITER_PASSWORD,
    roles: [{ role: "readWrite", db: "marketplace" }],
});
db.createUser({
    user: "reader",
    pwd: process.env.MONGO_READER_PASSWORD,
    roles: [{ role: "read", db: "marketplace" }],
});
